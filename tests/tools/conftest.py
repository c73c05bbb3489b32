"""A lab on a tiny trainer that knows nothing of labhand, and one in-memory client to its server."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from labhand.tools.app import build
from labhand.tools.lab_context import LabHandle
from mcp import Client

PARABOLA = Path(__file__).parents[1] / "trainers" / "parabola"

Connect = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a labhand.toml and the trainer; its slots are no other test's."""
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    shutil.copytree(PARABOLA, tmp_path / "lab" / "parabola")
    (tmp_path / "lab" / "labhand.toml").write_text('trainer = "./parabola"\ngoal = "Find the bottom"\n')
    return tmp_path / "lab"


@pytest.fixture(params=["auto", "legacy"])
def mode(request: pytest.FixtureRequest) -> str:
    """Both eras of the protocol."""
    return str(request.param)


@pytest.fixture
def connect(root: Path) -> Connect:
    """Connect a client to a server in this process."""

    @asynccontextmanager
    async def connected(*, mode: str = "auto", caller: str = "tester", read_only: bool = False) -> AsyncGenerator[Client]:
        async with Client(build(LabHandle(root, caller), read_only=read_only), mode=mode, raise_exceptions=True) as client:
            yield client

    return connected
