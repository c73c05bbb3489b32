"""Checkpoints of a validation's runs are held as long as a longer horizon may come, and no longer."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.dispatcher.run_folders import RunFolders
from labhand.server.dispatcher.validating.held_checkpoints import HeldCheckpoints
from labhand.server.lab.manage import cancel
from labhand.server.settings import RUNS
from labhand.trainer.contract import checkpoints
from labhand.trainer.contract.run_folder import RunFolder
from labhand.trainer.contract.run_spec import ResumedRun

from ...lab import writing
from ..scripted import ME, Script, by_x, of_luck_alone, script
from .test_longer_horizons import EXTENDS, TEST, TWICE, arms, taken, validate

pytestmark = pytest.mark.anyio


def holder(lab: Script, *, keep_work: bool = False) -> HeldCheckpoints:
    """Of a dispatcher that has just started."""
    return HeldCheckpoints(lab.lab.db, RunFolders(lab.lab.folder, lab.lab.sources, lab.lab.identity, keep_work=keep_work))


def lay_out(lab: Script, run: str) -> None:
    """What a run leaves that has written a checkpoint, and another file."""
    folder = RunFolder(lab.lab.folder / RUNS / run)
    (folder.work / "out").mkdir(parents=True)
    (folder.work / "out" / "a.pt").write_text("weights")
    (folder.work / "large.bin").write_text("not kept")
    folder.source.mkdir()
    (folder.source / "trainer.toml").write_bytes((lab.lab.trainer.folder / "trainer.toml").read_bytes())
    checkpoints.write_record(folder, ResumedRun(run, 4.0, 4.0))


def there(lab: Script, name: str) -> set[int]:
    """The experiments whose run folders have something of this name."""
    return {int(path.parent.name[1:5]) for path in (lab.lab.folder / RUNS).glob(f"*/{name}")}


async def end(lab: Script, held: HeldCheckpoints | None) -> None:
    """Let all that is queued run, leave checkpoints and end; without a holder, the dispatcher is killed before it prunes."""
    ending = await taken(lab)
    for attempt in ending:
        lay_out(lab, attempt.run.id)
    await lab.step()
    if held is not None:
        await held.prune(ending)
        await held.release()


async def test_checkpoints_are_held_until_the_validation_is_over(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=EXTENDS) as lab:
        await validate(lab)
        held = holder(lab)
        await end(lab, held)
        assert there(lab, "checkpoint") == {*await arms(lab, TEST)}
        assert there(lab, "work") == set()
        await end(lab, held)
        assert there(lab, "checkpoint") == {*await arms(lab, TEST), *await arms(lab, TWICE)}
        await end(lab, held)  # at four times the budget: nothing goes on from these
        assert there(lab, "checkpoint") == {*await arms(lab, TEST), *await arms(lab, TWICE)}
        await end(lab, held)
        assert (await lab.row("v001")).state is None
        assert there(lab, "checkpoint") == there(lab, "work") == set()


async def test_a_candidate_that_is_not_confirmed_leaves_none(tmp_path: Path) -> None:
    async with script(tmp_path, of_luck_alone, is_stretched=True, trainer_toml=EXTENDS) as lab:
        await validate(lab)
        await end(lab, holder(lab))
        assert (await lab.row("v001")).verdict == "not_shown"
        assert there(lab, "checkpoint") == there(lab, "work") == set()


async def test_a_cancelled_validation_leaves_none(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=EXTENDS) as lab:
        await validate(lab)
        held = holder(lab)
        await end(lab, held)
        assert there(lab, "checkpoint")
        await cancel.cancel(lab.lab, ["v001"], "changed my mind", ME)
        async with lab.lab.db.transaction() as tx:
            await lab.settler.follow(tx, 1.0)
        await held.release()
        assert there(lab, "checkpoint") == set()


async def test_a_dispatcher_removes_what_a_killed_one_has_left(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=EXTENDS) as lab:
        await validate(lab)
        await end(lab, holder(lab))
        await end(lab, None)
        lay_out(lab, f"e{(await arms(lab, TWICE + 1))[0]:04d}-1")  # filled, and given back before it was started
        await lab.play()
        assert (await lab.row("v001")).state is None
        assert there(lab, "checkpoint") == {*await arms(lab, TEST)}
        assert there(lab, "work") >= {*await arms(lab, TWICE)}
        await holder(lab).release()
        assert there(lab, "checkpoint") == there(lab, "work") == set()


async def test_a_dispatcher_prunes_what_a_killed_one_has_settled_and_holds_what_is_needed_later(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=EXTENDS) as lab:
        await validate(lab)
        await writing.launch(lab.lab, overrides={"X": 2.25})
        await end(lab, None)
        settled = there(lab, "work")
        [running] = [attempt.run.id for attempt in (await taken(lab))[:1]]
        lay_out(lab, running)
        await holder(lab).release()
        assert settled > {*await arms(lab, TEST)}
        assert there(lab, "work") == {int(running[1:5])}
        assert there(lab, "checkpoint") == {*await arms(lab, TEST)}


async def test_without_the_key_nothing_is_held(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml='[checkpoint]\npath = "out"\n') as lab:
        await validate(lab)
        await end(lab, holder(lab))
        assert there(lab, "checkpoint") == there(lab, "work") == set()


async def test_runs_of_other_purposes_leave_none(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=EXTENDS) as lab:
        await writing.launch(lab.lab, overrides={"X": 2.0})
        await end(lab, holder(lab))
        assert there(lab, "source")
        assert there(lab, "checkpoint") == there(lab, "work") == set()


async def test_working_folders_that_are_kept_stay_as_they_are(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=EXTENDS) as lab:
        await validate(lab)
        held = holder(lab, keep_work=True)
        for _ in range(4):
            await end(lab, held)
        assert (await lab.row("v001")).state is None
        assert there(lab, "checkpoint") == set()
        assert there(lab, "work") >= {*await arms(lab, TEST)}
