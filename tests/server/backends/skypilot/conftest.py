"""SkyPilot, played by processes on this machine, and a place for run folders."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from .fake import FakeSky


@pytest.fixture
def sky(tmp_path: Path) -> Generator[FakeSky]:
    """SkyPilot."""
    sky = FakeSky(tmp_path / "machines")
    yield sky
    sky.end_all()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The lab's run folders."""
    place = tmp_path / "runs"
    place.mkdir()
    return place
