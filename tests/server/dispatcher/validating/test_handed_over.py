"""What the folder of a run at a longer horizon is filled with, and that of the run after it if it is lost."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from labhand.server.dispatcher.run_folders import RunFolders
from labhand.server.ids import run_id
from labhand.server.settings import RUNS
from labhand.server.store.running.runs import Attempt
from labhand.trainer.contract import checkpoints
from labhand.trainer.contract.run_folder import RunFolder
from labhand.trainer.contract.run_result import MeasuredDevice, RunResult
from labhand.trainer.contract.run_spec import ResumedRun
from labhand.trainer.contract.trainer_toml.checkpoint import Checkpoint

from ..scripted import Script, by_x, script
from .test_longer_horizons import EXTENDS, taken, validate

pytestmark = pytest.mark.anyio


def folder(lab: Script, run: str) -> RunFolder:
    return RunFolder(lab.lab.folder / RUNS / run)


async def longer(lab: Script) -> tuple[RunFolders, Attempt, str]:
    """Let the test of a validation run; gives the first run at twice the budget, and the shorter one of its source and seed."""
    folders = RunFolders(lab.lab.folder, lab.lab.sources, lab.lab.identity)
    await validate(lab)
    for attempt in await taken(lab):
        await folders.fill(attempt, sandbox_required=False, carries_weights=True)
        run = folder(lab, attempt.run.id)
        (run.work / "out").mkdir(parents=True)
        (run.work / "out" / "a.pt").write_text(attempt.run.id)
        checkpoints.write_record(run, ResumedRun(attempt.run.id, 4.0, 4.5))
        run.write_result(RunResult.scored(attempt.run.id, 1.0, device=MeasuredDevice("cpu")))
    await lab.step()
    following = (await taken(lab))[0]
    assert following.shorter is not None
    return folders, following, following.shorter


def lost(attempt: Attempt) -> Attempt:
    """The run after a run that was lost."""
    run = attempt.run
    return replace(attempt, run=replace(run, id=run_id(run.experiment, 2), attempt=2), attempts=2)


async def test_the_checkpoint_of_the_shorter_run_lies_in_the_folder_and_its_spec_says_so(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=EXTENDS) as lab:
        folders, attempt, shorter = await longer(lab)
        for _ in range(2):  # again, by the next dispatcher
            await folders.fill(attempt, sandbox_required=False, carries_weights=True)
        filled = folder(lab, attempt.run.id)
        assert filled.spec().resumed == ResumedRun(shorter, 4.0, 4.5, shorter, 4.0, 4.5)
        assert (filled.path / "checkpoint" / "a.pt").read_text() == shorter


async def test_a_dispatcher_that_died_before_it_wrote_the_spec_has_handed_nothing_over(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=EXTENDS) as lab:
        folders, attempt, shorter = await longer(lab)
        filled = folder(lab, attempt.run.id)
        await folders.fill(attempt, sandbox_required=False, carries_weights=True)
        filled.write_spec(replace(filled.spec(), resumed=None))
        await folders.fill(attempt, sandbox_required=False, carries_weights=True)
        resumed = filled.spec().resumed
        assert resumed is not None
        assert resumed.run == shorter


async def test_the_run_after_a_lost_one_goes_on_from_that_and_still_names_the_shorter_one(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=EXTENDS) as lab:
        folders, attempt, shorter = await longer(lab)
        first = folder(lab, attempt.run.id)
        await folders.fill(attempt, sandbox_required=False, carries_weights=True)
        first.work.mkdir()
        checkpoints.lay_out(first, Checkpoint("out"))
        checkpoints.write_record(first, ResumedRun(attempt.run.id, 7.0, 7.5, shorter, 4.0, 4.5))
        second = lost(attempt)
        await folders.fill(second, sandbox_required=False, carries_weights=True)
        filled = folder(lab, second.run.id)
        assert filled.spec().resumed == ResumedRun(attempt.run.id, 7.0, 7.5, shorter, 4.0, 4.5)
        assert (filled.path / "checkpoint" / "a.pt").exists()


async def test_the_run_after_one_that_left_nothing_goes_on_from_the_shorter_one(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=EXTENDS) as lab:
        folders, attempt, shorter = await longer(lab)
        second = lost(attempt)
        await folders.fill(second, sandbox_required=False, carries_weights=True)
        resumed = folder(lab, second.run.id).spec().resumed
        assert resumed is not None
        assert resumed.run == shorter


@pytest.mark.parametrize("is_on_a_cluster", [False, True])
async def test_without_a_checkpoint_that_can_be_handed_over_the_run_starts_anew(tmp_path: Path, is_on_a_cluster: bool) -> None:  # noqa: FBT001
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=EXTENDS) as lab:
        folders, attempt, shorter = await longer(lab)
        if not is_on_a_cluster:
            shutil.rmtree(folder(lab, shorter).work)
        await folders.fill(attempt, sandbox_required=False, carries_weights=not is_on_a_cluster)
        assert folder(lab, attempt.run.id).spec().resumed is None
        assert not (folder(lab, attempt.run.id).path / "checkpoint").exists()
