"""An allowance that was changed is written down with the time, and told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from labhand.server.lab.lab import Lab
from labhand.server.lab.monitor.briefing import get_briefing
from labhand.server.store.money import allowances

from . import writing

pytestmark = pytest.mark.anyio


async def told(lab: Lab) -> list[str]:
    """What the briefing says of changes, without the times."""
    changed = (await get_briefing(lab)).allowance.changed
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ: ", line) for line in changed)
    return [line.partition(": ")[2] for line in changed]


async def test_the_first_allowance_is_no_change(tmp_path: Path) -> None:
    for _ in range(2):
        async with writing.opened(tmp_path, toml="[allowance]\nexperiments = 10") as lab:
            assert await told(lab) == []
            assert len(await allowances.history(lab.db)) == 1


async def test_a_raise_is_seen_when_the_lab_is_opened_again(tmp_path: Path) -> None:
    async with writing.opened(tmp_path, toml="[allowance]\nexperiments = 10"):
        pass
    async with writing.opened(tmp_path, toml="[allowance]\nexperiments = 500\ngpu_hours = 2.5") as lab:
        assert await told(lab) == ["gpu_hours unlimited → 2.5, experiments 10 → 500"]


async def test_a_raise_is_seen_by_the_launch_that_it_allows(tmp_path: Path) -> None:
    async with writing.opened(tmp_path, toml="[allowance]\nexperiments = 10") as lab:
        writing.lay_out(tmp_path, toml="[allowance]\nexperiments = 5000")
        await writing.launch(lab)
        writing.lay_out(tmp_path, toml="[allowance]\nexperiments = 10")
        await writing.launch(lab, overrides={"X": 2.0})
        assert await told(lab) == ["experiments 10 → 5000", "experiments 5000 → 10"]
