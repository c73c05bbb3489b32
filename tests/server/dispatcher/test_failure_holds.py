"""A trainer that can't run costs one run, and the agent is told who can mend it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from labhand.server.dispatcher.loop import Dispatcher
from labhand.server.domain import Purpose
from labhand.server.lab.lab import Lab
from labhand.server.lab.monitor import alerts
from labhand.server.store.running import queue
from labhand.server.store.running.holds import active_holds

from ..lab import writing
from . import support

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def lab_whose_trainer_needs(tmp_path: Path, needed: Path) -> AsyncGenerator[tuple[Lab, Dispatcher]]:
    """A lab of five slots whose unchanged source fails unless a file is there, as data that aren't prepared."""
    train = writing.lay_out(tmp_path) / "train.py"
    check = f"import pathlib\nassert pathlib.Path({str(needed)!r}).exists(), 'the data is missing'\n"
    train.write_text(train.read_text().replace("import os\n", f"import os\n{check}"))
    async with writing.opened(tmp_path, slots=5) as lab, support.loop(lab) as loop:
        yield lab, loop


async def test_a_trainer_that_cannot_run_costs_one_run_and_attention_says_who_mends_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with lab_whose_trainer_needs(tmp_path, data) as (lab, loop):
        await writing.launch(lab, overrides={"X": 2})
        await support.tick_until_idle(loop)
        everything = await writing.experiments(lab)
        assert [(started.status, started.purpose) for started in everything if started.status != "queued"] == [
            ("failed", Purpose.BASELINE)
        ]
        assert len(everything) == 5
        [failed] = [experiment.failed for experiment in everything if experiment.failed is not None]
        assert "no change of the source mends it. Tell the person" in failed.next_step
        [line] = [alert.line for alert in await alerts.scan(lab) if alert.key.startswith("storm:")]
        for part in ("The unchanged source failed", "the data is missing", "which only the person can mend", "retry=True"):
            assert part in line
        assert (await lab.db.rows("SELECT experiments FROM spent"))[0][0] == 1

        data.touch()
        await writing.launch(lab, overrides={"X": 2}, retry=True)
        await support.tick_until_idle(loop)
        statuses = await support.statuses(lab)
        assert sorted(statuses) == ["failed", *["succeeded"] * (len(statuses) - 1)]
        assert await lab.db.rows("SELECT * FROM holds") == []


async def test_what_is_held_under_an_earlier_trainer_is_cancelled_when_something_is_launched_with_the_mended_one(
    tmp_path: Path,
) -> None:
    async with lab_whose_trainer_needs(tmp_path, tmp_path / "data") as (lab, loop):
        await writing.launch(lab, overrides={"X": 2})
        await support.tick_until_idle(loop)
        held = [experiment.id for experiment in await writing.experiments(lab) if experiment.status == "queued"]
        assert len(held) == 4
        again = await writing.launch(lab, overrides={"X": 3})
        assert "cancelled" not in again.note, "the trainer is as it was"
    trainer_file = tmp_path / "trainer" / "trainer.toml"
    trainer_file.write_text(trainer_file.read_text() + "\n# mended\n")
    async with writing.opened(tmp_path, slots=5) as lab:
        launched = await writing.launch(lab, overrides={"X": 4})
        assert launched.note.startswith(
            "e0001, e0003-e0005 are cancelled: held after failures under an earlier version of the trainer"
        )
        statuses = {experiment.id: experiment.status for experiment in await writing.experiments(lab)}
        assert {statuses[name] for name in held} == {"cancelled"}
        assert launched.baseline, "the mended trainer gets replicates of its own"
        assert await active_holds(lab.db) == []


async def test_an_idea_that_fails_beside_a_working_baseline_is_the_ideas_fault(tmp_path: Path) -> None:
    async with writing.opened(tmp_path, slots=5) as lab, support.loop(lab) as loop:
        await writing.launch(lab, overrides={"FAIL": True})
        await support.tick_until_idle(loop)
        everything = await writing.experiments(lab)
        [failed] = [experiment.failed for experiment in everything if experiment.failed is not None]
        assert "unchanged source" not in failed.next_step
        assert sorted(experiment.status for experiment in everything) == ["failed", *["succeeded"] * 4]


async def test_a_first_baseline_that_trains_lets_the_others_start_beside_it(tmp_path: Path) -> None:
    async with writing.opened(tmp_path, slots=5) as lab:
        await writing.launch(lab, overrides={"X": 2})
        now = time.time()

        async def take(at: float) -> int:
            async with lab.db.transaction() as tx:
                return await queue.take(tx, "local", "cpu", 5, at, try_first=True)

        assert await take(now) == 1
        assert await take(now + 10 * queue.TRIAL_SECONDS) == 0, "it has not begun to train"
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE runs SET running_at = ?", (now,))
        assert await take(now + queue.TRIAL_SECONDS - 1) == 0
        assert await take(now + queue.TRIAL_SECONDS + 1) == 4
