from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from labhand.server.dispatcher import dispatch, process
from labhand.server.dispatcher.lock import DispatcherLock, only_one
from labhand.server.domain import Verdict
from labhand.server.lab.dispatcher_process import dispatcher_lives
from labhand.server.lab.lab import Lab
from labhand.server.research.policy import BASELINE_REPLICATES
from labhand.server.settings import DATABASE, LOCK, LOG
from labhand.server.store.database import Database
from labhand.server.store.running.run_numbers import continue_behind_run_folders

from ...waiting import PATIENCE_SECONDS
from ..lab import writing
from . import support

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_what_is_queued_runs_and_the_dispatcher_ends_itself(lab: Lab) -> None:
    numbers = await support.queue_up(lab, 4)
    await support.run_all(lab)
    assert await support.statuses(lab) == ["succeeded"] * 4
    assert not dispatcher_lives(lab.folder)
    scores = [(await support.experiment(lab, number)).score for number in numbers]
    assert len(set(scores)) == 4
    assert scores == [result["score"] for result in support.on_disk(lab).values()]


@pytest.mark.slow
async def test_a_dispatcher_killed_twice_in_the_middle_of_a_grid_runs_everything_once(lab: Lab) -> None:
    await support.queue_up(lab, 10, duration=0.3)
    for finished in (1, 4):
        with support.dispatcher(lab) as victim:
            await support.until_finished(lab, finished)
            victim.kill()
    await support.run_all(lab)
    assert await support.statuses(lab) == ["succeeded"] * 10
    assert [(run.attempt, run.status) for run in await support.runs(lab)] == [(1, "finished")] * 10
    results = support.on_disk(lab)
    assert len(results) == 10
    assert all(result["status"] == "succeeded" for result in results.values())
    for name in results:
        assert (support.folder_of(lab, name) / "log.txt").read_text("utf-8").count("val_loss") == 1
    order = await lab.db.rows("SELECT finished_seq FROM experiments ORDER BY finished_seq")
    assert [row[0] for row in order] == list(range(1, 11))
    [spent] = await lab.db.rows("SELECT * FROM spent")
    assert spent["experiments"] == 10
    assert spent["gpu_seconds"] == pytest.approx(sum(result["seconds"]["held"] for result in results.values()))


@pytest.mark.slow
async def test_a_run_whose_runner_was_killed_is_run_again(lab: Lab) -> None:
    [number] = await support.queue_up(lab, duration=1.0)
    with support.dispatcher(lab) as process:
        await support.until_status(lab, number, "running")
        os.kill(support.runner_of(lab, "e0001-1"), signal.SIGKILL)
        assert await support.ended(process) == 0
    assert [(run.id, run.status) for run in await support.runs(lab)] == [("e0001-1", "lost"), ("e0001-2", "finished")]
    experiment = await support.experiment(lab, number)
    assert experiment.status == "succeeded"
    assert experiment.gpu_seconds >= experiment.result["seconds"]["held"]


async def test_a_second_dispatcher_leaves_at_once(lab: Lab) -> None:
    [number] = await support.queue_up(lab, duration=support.LONG)
    with support.dispatcher(lab) as first:
        await support.until_status(lab, number, "running")
        assert (lab.folder / LOCK).read_text("ascii") == str(first.pid)
        with support.dispatcher(lab) as second:
            assert await support.ended(second) == 0
        assert first.poll() is None
        await support.ask_to_end(lab, [number])
        assert await support.ended(first) == 0


async def test_a_dispatcher_asked_to_end_leaves_runs_to_the_next(lab: Lab) -> None:
    [number] = await support.queue_up(lab, duration=1.0)
    with support.dispatcher(lab) as first:
        await support.until_status(lab, number, "running")
        first.terminate()
        assert await support.ended(first) == 0
    assert support.lives(support.runner_of(lab, "e0001-1"))
    await support.run_all(lab)
    assert [(run.id, run.status) for run in await support.runs(lab)] == [("e0001-1", "finished")]
    assert await support.statuses(lab) == ["succeeded"]


async def test_a_signal_that_comes_while_a_dispatcher_opens_the_lab_ends_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    [number] = await support.queue_up(lab)

    async def continue_and_signal(db: Database, folder: Path) -> None:
        await continue_behind_run_folders(db, folder)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(process, "continue_behind_run_folders", continue_and_signal)
    with anyio.fail_after(PATIENCE_SECONDS):
        assert not await dispatch(lab.root, linger_seconds=support.LONG)
    assert (await support.experiment(lab, number)).status == "queued"


async def test_what_is_launched_as_the_dispatcher_ends_is_not_left_behind(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    [number] = await support.queue_up(lab)
    await _set_status(lab, "cancelled")
    launched: list[Path] = []

    @contextmanager
    def launched_at_the_last_moment(path: Path) -> Generator[DispatcherLock | None]:
        """The lock; just before it is let go for the first time, someone launches, and sees a dispatcher alive."""
        with only_one(path) as lock:
            yield lock
            if not launched:
                with sqlite3.connect(lab.folder / DATABASE) as other:
                    other.execute("UPDATE experiments SET status = 'queued'")
                other.close()
                assert dispatcher_lives(lab.folder)
                launched.append(path)

    monkeypatch.setattr(process, "only_one", launched_at_the_last_moment)
    await dispatch(lab.root, linger_seconds=0.1)
    assert launched
    assert (await support.experiment(lab, number)).status == "succeeded"


async def test_changed_settings_count_at_once_and_broken_ones_not_at_all(lab: Lab) -> None:
    settings = lab.root / "labhand.toml"
    allowed = settings.read_text("utf-8")
    [running] = await support.queue_up(lab, duration=support.LONG)
    with support.dispatcher(lab) as process:
        await support.until_status(lab, running, "running")
        settings.write_text("allowance = [", "utf-8")
        [second] = await support.queue_up(lab, 1)
        await support.until_status(lab, second, "succeeded")
        settings.write_text(f"allowance.ends = 1\n{allowed}", "utf-8")
        await support.until_logged(lab, "At work", times=2)
        await support.queue_up(lab, 1)
        await support.ask_to_end(lab, [running])
        assert await support.ended(process) == 0
    assert await support.statuses(lab) == ["cancelled", "succeeded", "queued"]


async def test_a_launch_starts_a_dispatcher_that_runs_it_with_its_baseline(tmp_path: Path) -> None:
    writing.lay_out(tmp_path)
    lab = await Lab.open(tmp_path)
    launched = await writing.launch(lab, overrides={"X": 0.0})
    await support.until_finished(lab, 1 + BASELINE_REPLICATES)
    idea = await writing.find(lab, launched.experiments[0])
    assert idea.verdict is Verdict.WORSE
    assert idea.gain == pytest.approx(-5.0, abs=0.5)
    await support.until_quiet(lab)
    assert f"{idea.id}-1 started on local" in (lab.folder / LOG).read_text("utf-8")
    await lab.close()


async def test_a_thousand_queued_experiments_are_cancelled_in_one_go(lab: Lab) -> None:
    numbers = await support.queue_up(lab, 1000)
    await support.ask_to_end(lab, numbers)
    async with support.loop(lab) as loop:
        assert not await loop.tick()
    assert set(await support.statuses(lab)) == {"cancelled"}
    [row] = await lab.db.rows("SELECT count(DISTINCT finished_seq), min(finished_seq), max(finished_seq) FROM experiments")
    assert tuple(row) == (1000, 1, 1000)
    assert await support.runs(lab) == []


async def _set_status(lab: Lab, status: str) -> None:
    async with lab.db.transaction() as tx:
        await tx.execute("UPDATE experiments SET status = ?", (status,))
