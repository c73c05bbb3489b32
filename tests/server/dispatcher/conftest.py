from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from labhand.server.lab.lab import Lab

from ..lab import writing


@pytest.fixture(autouse=True)
def own_slots(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots that no other test or lab holds."""
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path_factory.mktemp("slots")))


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A lab of `parabola` with two slots."""
    async with writing.opened(tmp_path) as opened:
        yield opened
