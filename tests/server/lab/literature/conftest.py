"""The services, and cooldowns that no other test shares."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from ...literature.services import Services, serving

KEYS = ("OPENALEX_API_KEY", "S2_API_KEY", "SEMANTIC_SCHOLAR_API_KEY")


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Services]:
    monkeypatch.setenv("LABHAND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    with serving() as served:
        yield served
