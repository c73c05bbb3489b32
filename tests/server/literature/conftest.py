"""The services, and cooldowns that no other test shares."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from .services import Services, serving_alone


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Services]:
    with serving_alone(tmp_path / "cache", monkeypatch) as served:
        yield served
