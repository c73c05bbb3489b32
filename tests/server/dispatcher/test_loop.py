from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from labhand.server.backends.base import Phase, RunReport, StartRequest
from labhand.server.backends.local.local_backend import LocalBackend
from labhand.server.dispatcher import loop as loop_module
from labhand.server.dispatcher.loop import Dispatcher
from labhand.server.dispatcher.pool_backends import PoolBackend, PoolBackends
from labhand.server.dispatcher.run_folders import RunFolders
from labhand.server.dispatcher.settler import REQUEUES
from labhand.server.domain import Failure, Pool, Run, Verdict
from labhand.server.lab.lab import Lab
from labhand.server.pool_settings import LocalPool
from labhand.server.settings import RUNS
from labhand.server.store.running import queue, runs
from typing_extensions import override

from ...waiting import until
from ..lab import builders, writing
from . import support

pytestmark = pytest.mark.anyio
AS_ONE_RUN = ("succeeded", [("e0001-1", "finished")], 1)


async def test_the_more_urgent_start_first_then_the_older(tmp_path: Path) -> None:
    async with writing.opened(tmp_path, slots=1) as lab:
        low = await support.queue_up(lab, 1, priority=0)
        normal = await support.queue_up(lab, 2, priority=1)
        high = await support.queue_up(lab, 1, priority=2)
        async with support.loop(lab) as loop:
            await support.tick_until_idle(loop)
        order = [run.experiment for run in sorted(await support.runs(lab), key=lambda run: run.created_at)]
        assert order == [*high, *normal, *low]


async def test_a_run_is_followed_through_its_phases(lab: Lab) -> None:
    [number] = await support.queue_up(lab, duration=1.0)
    seen: list[str] = []
    async with support.loop(lab) as loop:

        async def is_over() -> bool:
            if not await loop.tick():
                return True
            seen.append((await support.experiment(lab, number)).status)
            return False

        await until(is_over)
    assert [status for status in dict.fromkeys(seen) if status != "evaluating"] == ["starting", "running"]
    experiment = await support.experiment(lab, number)
    assert experiment.started_at is not None
    assert experiment.finished_at is not None
    assert experiment.finished_at - experiment.started_at >= 1.0
    assert experiment.result["evaluator"] is None
    assert "score" not in experiment.result


async def test_what_was_written_down_and_not_started_is_started_by_the_next(lab: Lab) -> None:
    [number] = await support.queue_up(lab)
    async with lab.db.transaction() as tx:
        assert await queue.take(tx, "local", "cpu", 5, time.time()) == 1
    assert await _how_it_finishes(lab, number) == AS_ONE_RUN


async def test_a_half_written_run_folder_is_completed(lab: Lab) -> None:
    [number] = await support.queue_up(lab)
    async with lab.db.transaction() as tx:
        await queue.take(tx, "local", "cpu", 1, time.time())
    half = support.folder_of(lab, "e0001-1") / "source.new"
    half.mkdir(parents=True)
    (half / "train.py").write_text("half", "utf-8")
    assert await _how_it_finishes(lab, number) == AS_ONE_RUN
    assert not half.exists()


async def test_a_runner_that_was_started_and_not_written_down_is_adopted(lab: Lab) -> None:
    [number] = await support.queue_up(lab, duration=0.5)
    async with lab.db.transaction() as tx:
        await queue.take(tx, "local", "cpu", 1, time.time())
    [attempt] = await runs.active(lab.db)
    folder = await RunFolders(lab.folder, lab.sources, lab.identity).fill(attempt, sandbox_required=False)
    async with LocalBackend("local", LocalPool(backend="local"), lab.folder / RUNS) as before:
        await before.start(StartRequest("e0001-1", folder))
        assert await _how_it_finishes(lab, number) == AS_ONE_RUN


async def _how_it_finishes(lab: Lab, number: int) -> tuple[str, list[tuple[str, str]], int]:
    """Its status, every run there is with its own, and how often the first printed a score."""
    async with support.loop(lab) as loop:
        await support.tick_until_idle(loop)
    printed = (support.folder_of(lab, "e0001-1") / "log.txt").read_text("utf-8").count("val_loss")
    status = (await support.experiment(lab, number)).status
    return status, [(run.id, run.status) for run in await support.runs(lab)], printed


async def test_a_run_that_is_lost_too_often_fails(lab: Lab) -> None:
    [number] = await support.queue_up(lab, duration=support.LONG)
    async with support.loop(lab) as loop:
        for attempt in range(1, REQUEUES + 2):
            await _tick_until_running(lab, loop, f"e0001-{attempt}")
            os.kill(support.runner_of(lab, f"e0001-{attempt}"), signal.SIGKILL)
        await support.tick_until_idle(loop)
    experiment = await support.experiment(lab, number)
    assert experiment.failed is not None
    assert experiment.failed.kind is Failure.LOST_MACHINE
    assert experiment.failed.next_step
    assert experiment.verdict is Verdict.NONE
    assert [run.status for run in await support.runs(lab)] == ["lost"] * (REQUEUES + 1)


async def test_a_runner_ended_by_someone_else_is_made_up_for(lab: Lab) -> None:
    await support.queue_up(lab, duration=1.0)
    async with support.loop(lab) as loop:
        await _tick_until_running(lab, loop, "e0001-1")
        os.kill(support.runner_of(lab, "e0001-1"), signal.SIGTERM)
        await support.tick_until_idle(loop)
    assert [run.status for run in await support.runs(lab)] == ["lost", "finished"]
    assert await support.statuses(lab) == ["succeeded"]


async def test_cancel_ends_what_runs_and_what_waits(tmp_path: Path) -> None:
    async with writing.opened(tmp_path, slots=1) as lab, support.loop(lab) as loop:
        first, second = await support.queue_up(lab, 2, duration=support.LONG)
        await _tick_until_running(lab, loop, "e0001-1")
        await support.ask_to_end(lab, [first, second])
        await support.tick_until_idle(loop)
        assert await support.statuses(lab) == ["cancelled"] * 2
        experiment = await support.experiment(lab, first)
        assert (experiment.verdict, experiment.score, experiment.cancel_reason) == (Verdict.NONE, None, "enough")
        assert experiment.gpu_seconds > 0
        assert (await support.experiment(lab, second)).gpu_seconds == 0


async def test_what_is_cancelled_while_being_started_never_runs(lab: Lab) -> None:
    [number] = await support.queue_up(lab)
    async with lab.db.transaction() as tx:
        await queue.take(tx, "local", "cpu", 1, time.time())
    await support.ask_to_end(lab, [number])
    async with support.loop(lab) as loop:
        await support.tick_until_idle(loop)
    assert await support.statuses(lab) == ["cancelled"]
    assert not support.folder_of(lab, "e0001-1").exists()


async def test_nothing_starts_after_the_allowance_has_ended(tmp_path: Path) -> None:
    async with writing.opened(tmp_path, toml="allowance.ends = 1000000000") as lab, support.loop(lab) as loop:
        await support.queue_up(lab)
        assert not await loop.tick()
        assert await support.statuses(lab) == ["queued"]


async def test_what_no_pool_can_run_does_not_keep_the_dispatcher(lab: Lab) -> None:
    await support.queue_up(lab, gpu="H100")
    async with support.loop(lab) as loop:
        assert not await loop.tick()


async def test_a_storm_holds_the_rest_of_a_variant_and_no_other(tmp_path: Path) -> None:
    async with writing.opened(tmp_path, slots=1) as lab, support.loop(lab) as loop:
        grid = await builders.grid(lab)
        await support.queue_up(lab, 6, fail=True, grid=grid, variant="broken")
        fine = await support.queue_up(lab, 1, grid=grid, variant="fine")
        await support.tick_until_idle(loop)
        assert await support.statuses(lab) == ["failed"] * 3 + ["queued"] * 3 + ["succeeded"]
        [hold] = await lab.db.rows("SELECT * FROM holds")
        assert hold["failure"] == "crashed"
        for told in ("g001, variant broken", "3 failed", "3 queued", "told to fail", "retry=True"):
            assert told in hold["reason"]
        assert (await support.experiment(lab, fine[0])).verdict is Verdict.REFERENCE

        await support.ask_to_end(lab, [4, 5, 6])
        await support.tick_until_idle(loop)
        assert await lab.db.rows("SELECT * FROM holds") == []


async def test_a_success_of_the_same_source_lets_what_was_held_go_on(tmp_path: Path) -> None:
    fixed = tmp_path / "fixed"
    train = f"import pathlib\nassert pathlib.Path({str(fixed)!r}).exists()\nprint('val_loss: 1.0')\n"
    async with writing.opened(tmp_path, slots=1) as lab, support.loop(lab) as loop:
        await support.queue_source(lab, train, 5)
        await support.tick_until_idle(loop)
        assert await support.statuses(lab) == ["failed"] * 3 + ["queued"] * 2
        fixed.touch()
        await support.queue_source(lab, train, 1)
        await support.tick_until_idle(loop)
        assert await support.statuses(lab) == ["failed"] * 3 + ["succeeded"] * 3
        assert await lab.db.rows("SELECT * FROM holds") == []


async def test_a_run_that_cannot_be_started_goes_back_and_its_pool_says_why(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    await support.queue_up(lab)
    with monkeypatch.context() as removed:
        removed.setattr(sys, "executable", "/nowhere/python")
        async with support.loop(lab) as loop:
            assert await loop.tick()
            assert await loop.tick()
    assert [run.status for run in await support.runs(lab)] == ["lost"]
    assert await support.statuses(lab) == ["queued"]
    [pool] = await lab.pools()
    assert "/nowhere/python" in pool.note


async def test_a_slot_that_another_lab_took_meanwhile_puts_the_experiment_back(lab: Lab, tmp_path: Path) -> None:
    [number] = await support.queue_up(lab)
    async with lab.db.transaction() as tx:
        await queue.take(tx, "local", "cpu", 1, time.time())
    full = LocalPool(backend="local", slots=None)
    other = LocalBackend("local", full, tmp_path / "other")
    for name in range(await other.free()):
        await _occupy(other, lab, tmp_path / "other" / f"e{name:04d}-1")
    async with support.loop(lab) as loop:
        assert await loop.tick()
        experiment = await support.experiment(lab, number)
        assert (experiment.status, experiment.attempts) == ("queued", 0)
        assert await support.runs(lab) == []
        for claim in (tmp_path / "other").glob("*/claim"):
            os.kill(int(claim.read_text("ascii")), signal.SIGTERM)
        await support.tick_until_idle(loop)
    assert [(run.id, run.status) for run in await support.runs(lab)] == [("e0001-1", "finished")]
    async with other:
        pass  # reaps


async def _occupy(backend: LocalBackend, lab: Lab, folder: Path) -> None:
    shutil.copytree(lab.trainer.folder, folder / "source")
    script = folder / "source" / "train.py"
    script.write_text(script.read_text("utf-8").replace("DURATION = 0.02", f"DURATION = {support.LONG}"), "utf-8")
    spec = '{"run": "e0009-1", "experiment": "e0009", "seed": 1, "budget_seconds": 100, "clock": "cpu", "device": "cpu"}'
    (folder / "spec.json").write_text(spec, "utf-8")
    await backend.start(StartRequest(folder.name, folder))
    await support.until_exists(folder / "phase")


async def _tick_until_running(lab: Lab, loop: Dispatcher, name: str) -> None:
    async def is_running() -> bool:
        await loop.tick()
        return (name, "running") in [(run.id, run.status) for run in await support.runs(lab)]

    await until(is_running)


async def test_trouble_that_passes_does_not_end_the_dispatcher(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hiccups(LocalBackend):
        """Can't be asked the first three times."""

        failures = 3

        @override
        async def poll(self, runs: Sequence[Run]) -> Mapping[str, RunReport]:
            if self.failures:
                self.failures -= 1
                raise OSError("Too many open files")
            return await super().poll(runs)

    [number] = await support.queue_up(lab)
    monkeypatch.setattr(loop_module, "TROUBLE_SECONDS", 0.02)
    backend = Hiccups("local", LocalPool(backend="local"), lab.folder / RUNS)
    async with support.loop(lab, PoolBackends({"local": PoolBackend(backend)})) as loop:
        await loop.run(0.5, lambda: False)
        assert backend.failures == 0
        await support.tick_until_idle(loop)
    assert (await support.experiment(lab, number)).status == "succeeded"


async def test_a_run_that_a_pool_returns_is_not_sent_there_again_while_the_pool_cannot_start_it(lab: Lab) -> None:
    class Pending(LocalBackend):
        """Takes a run, and gives it back: the scheduler has no machine for it."""

        starts = 0

        @override
        async def pool(self) -> Pool:
            return replace(await super().pool(), note="pending: Resources" if self.starts else "")

        @override
        async def start(self, spec: StartRequest) -> Mapping[str, object]:
            self.starts += 1
            return {"started": True}

        @override
        async def poll(self, runs: Sequence[Run]) -> Mapping[str, RunReport]:
            return {run.id: RunReport(Phase.RETURNED) for run in runs}

    [number] = await support.queue_up(lab)
    backend = Pending("local", LocalPool(backend="local"), lab.folder / RUNS)
    async with support.loop(lab, PoolBackends({"local": PoolBackend(backend)})) as loop:
        for _ in range(20):
            await loop.tick()
    assert backend.starts == 1
    assert (await support.experiment(lab, number)).status == "queued"


async def test_trouble_that_does_not_pass_ends_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(LocalBackend):
        """Can't be asked."""

        @override
        async def pool(self) -> Pool:
            raise OSError("Input/output error")

    monkeypatch.setattr(loop_module, "TROUBLE_SECONDS", 0.0)
    backend = Broken("local", LocalPool(backend="local"), lab.folder / RUNS)
    async with support.loop(lab, PoolBackends({"local": PoolBackend(backend)})) as loop:
        with pytest.raises(OSError, match="Input/output"):
            await loop.run(1.0, lambda: False)


async def test_being_held_up_between_two_looks_is_no_idleness(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    [number] = await support.queue_up(lab)
    monkeypatch.setattr(loop_module, "TICK_SECONDS", 0.2)
    async with support.loop(lab) as loop:
        await loop.run(0.1, lambda: False)
    assert (await support.experiment(lab, number)).status == "succeeded"
