"""Labs whose pools are all simulated: the whole lab, and no training."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.domain import Status
from labhand.server.errors import SettingsError
from labhand.server.lab.lab import Lab
from labhand.server.settings import RUNS

from ...lab import writing
from ...lab.builders import Woken
from .. import support

pytestmark = pytest.mark.anyio

REHEARSAL = '[pools.h200]\nbackend = "simulated"\ncount = 3\neffect = 0.5\n'


async def rehearsal(root: Path, pools: str = REHEARSAL) -> Lab:
    writing.lay_out(root)
    (root / "labhand.toml").write_text(f'trainer = "trainer"\n{pools}', "utf-8")
    return await Lab.open(root, wake=Woken())


async def test_a_grid_is_scored_and_judged_without_a_run_folder(tmp_path: Path) -> None:
    lab = await rehearsal(tmp_path)
    await writing.launch_grid(lab, factors={"X": [0.5, 2.0, 3.0], "Y": [0.5, 1.0]})
    async with support.loop(lab) as loop:
        await support.tick_until_idle(loop)
    ran = await writing.experiments(lab)
    assert len(ran) == 6 + 4
    assert {experiment.status for experiment in ran} == {Status.SUCCEEDED}
    assert {experiment.verdict for experiment in ran} & {"promising", "worse"}
    assert sum(experiment.gpu_seconds for experiment in ran) == 10 * (8 + 5 + 4)
    assert not list((lab.folder / RUNS).glob("*"))
    await lab.close()


async def test_no_more_runs_start_at_once_than_there_are_gpus(tmp_path: Path) -> None:
    lab = await rehearsal(tmp_path)
    await writing.launch_grid(lab, factors={"X": [0.5, 2.0, 3.0]})
    async with support.loop(lab) as loop:
        await loop.tick()
        assert (await support.statuses(lab)).count("starting") == 3
        await support.tick_until_idle(loop)
    await lab.close()


async def test_a_lab_that_was_a_rehearsal_does_not_open_with_real_pools_nor_the_other_way_round(tmp_path: Path) -> None:
    lab = await rehearsal(tmp_path)
    await lab.close()
    with pytest.raises(SettingsError, match="made for simulated pools"):
        await rehearsal(tmp_path, '[pools.here]\nbackend = "local"\n')
    (tmp_path / "real").mkdir()
    lab = await rehearsal(tmp_path / "real", '[pools.here]\nbackend = "local"\n')
    await lab.close()
    with pytest.raises(SettingsError, match="made for real pools"):
        await rehearsal(tmp_path / "real")
