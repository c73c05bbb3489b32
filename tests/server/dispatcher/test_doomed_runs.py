"""Runs that are doomed, as their curves say, are ended, once, whatever dispatcher dies over it."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from labhand.server.dispatcher import doomed_runs
from labhand.server.dispatcher.doomed_runs import DoomedRuns
from labhand.server.dispatcher.follow_ups import FollowUps
from labhand.server.dispatcher.loop import Dispatcher
from labhand.server.dispatcher.pool_backends import PoolBackends
from labhand.server.dispatcher.run_folders import RunFolders
from labhand.server.dispatcher.settler import FinishedRuns, Settler
from labhand.server.domain import Experiment, Status, Verdict
from labhand.server.ids import experiment_id
from labhand.server.lab.analysis import analyze, dataset
from labhand.server.lab.analysis.code_digest import Baseline, codes
from labhand.server.lab.lab import Lab
from labhand.server.lab.results.experiment_rows import error_of
from labhand.server.settings import RUNS, Allowance, load_settings
from labhand.server.store.experiments import trials
from labhand.server.store.experiments.filter import Filter
from labhand.server.store.running import early_stops, queue, runs
from labhand.trainer.contract.run_result import RunResult

from ...waiting import until
from ..lab import builders
from . import support
from .test_settler import a_result

pytestmark = pytest.mark.anyio

BUDGET = 5.0
GOOD, POOR, HOPELESS, EXPLODED = 3.0, 3.05, 6.0, 900.0
"""The training loss that a run tends to."""


@pytest.fixture(autouse=True)
def look_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doomed_runs, "LOOK_SECONDS", 0.0)


def reports(end: float, until: float = BUDGET) -> list[str]:
    """What a runner writes down of a run whose loss falls from 8."""
    seconds = [0.05 * place for place in range(1, round(until / 0.05) + 1)]
    losses = [8.0 if place == 0 else end + (8.0 - end) * 0.5 ** (second / 0.5) for place, second in enumerate(seconds)]
    return [json.dumps({"seconds": at, "step": 1, "loss": loss, "tokens": 1}) for at, loss in zip(seconds, losses, strict=True)]


def write_curve(lab: Lab, run: str, lines: Iterable[str]) -> None:
    folder = support.folder_of(lab, run)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "curve.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


async def with_history(lab: Lab) -> None:
    """Let eight runs have finished, four of them the baseline's."""
    for place in range(8):
        purpose = "baseline" if place < 4 else "idea"
        score = 2.0 + 0.003 * place
        number = await builders.experiment(lab, score=score, purpose=purpose, variant=f"finished {place}")
        write_curve(lab, f"{experiment_id(number)}-1", reports(GOOD + 0.01 * place))
    async with lab.db.transaction() as tx:
        await tx.execute("UPDATE experiments SET attempts = 1")


@asynccontextmanager
async def a_dispatcher(lab: Lab, *, stops: bool = True, allowance: Allowance | None = None) -> AsyncGenerator[Dispatcher]:
    """As `dispatch` makes it, ticked by hand."""
    pools = PoolBackends.of_settings(load_settings(lab.root).pools, lab.folder / RUNS)
    metric = lab.trainer.metric
    settler = Settler(metric, FollowUps(lab.sources, allowance or Allowance(), baseline_every=0))
    watch = DoomedRuns(lab.db, lab.folder / RUNS, metric) if stops else None
    async with pools:
        yield Dispatcher(lab.db, pools, RunFolders(lab.folder, lab.sources, lab.identity), settler, stopping=watch)


async def running(lab: Lab, loop: Dispatcher, end: float = HOPELESS, **about: Any) -> int:  # noqa: ANN401
    """Let a run be at 60 % of its budget, on its way to this loss."""
    [number] = await support.queue_up(lab, duration=support.LONG, **about)

    async def runs_now() -> bool:
        await loop.tick()
        return (await support.experiment(lab, number)).status == Status.RUNNING

    await until(runs_now)
    write_curve(lab, f"{experiment_id(number)}-1", reports(end, until=0.6 * BUDGET))
    return number


async def until_over(lab: Lab, loop: Dispatcher, number: int) -> Experiment:
    async def is_over() -> bool:
        await loop.tick()
        return (await support.experiment(lab, number)).finished_at is not None

    await until(is_over)
    return await support.experiment(lab, number)


async def stops_asked(lab: Lab) -> list[int]:
    return [row["experiment"] for row in await lab.db.rows("SELECT experiment FROM stops ORDER BY number")]


@pytest.mark.parametrize(("end", "word"), [(HOPELESS, "doomed"), (EXPLODED, "exploded")])
async def test_a_run_that_is_out_of_reach_is_ended_and_its_slot_is_free(lab: Lab, end: float, word: str) -> None:
    await with_history(lab)
    async with a_dispatcher(lab) as loop:
        number = await running(lab, loop, end)
        stopped = await until_over(lab, loop, number)
        assert (stopped.status, stopped.verdict, stopped.score, stopped.cancel_reason) == (
            Status.STOPPED,
            Verdict.WORSE,
            None,
            None,
        )
        assert (stopped.reason or "").startswith(f"{word}: at 3 s")
        assert (error_of(stopped) or "").startswith(f"stopped: {word}")
        assert 0 < stopped.gpu_seconds < support.LONG / 2
        [row] = await lab.db.rows("SELECT seconds FROM stops")
        assert row["seconds"] == pytest.approx(3.0)
        [after] = await support.queue_up(lab, purpose="baseline")
        assert (await until_over(lab, loop, after)).status == Status.SUCCEEDED


@pytest.mark.parametrize("purpose", ["baseline", "recheck", "spot_check", "validation", "report"])
async def test_only_ideas_are_stopped(lab: Lab, purpose: str) -> None:
    await with_history(lab)
    async with a_dispatcher(lab) as loop:
        number = await running(lab, loop, EXPLODED, purpose=purpose)
        for _ in range(3):
            await loop.tick()
        assert await stops_asked(lab) == []
        await support.ask_to_end(lab, [number])
        assert (await until_over(lab, loop, number)).status == Status.CANCELLED


async def test_an_ordinary_run_goes_on_and_so_does_every_run_where_nothing_is_to_be_stopped(lab: Lab) -> None:
    await with_history(lab)
    async with a_dispatcher(lab) as loop, a_dispatcher(lab, stops=False) as lenient:
        poor = await running(lab, loop, POOR)
        for _ in range(3):
            await loop.tick()
        assert await stops_asked(lab) == []
        hopeless = await running(lab, lenient, HOPELESS)
        for _ in range(3):
            await lenient.tick()
        assert await stops_asked(lab) == []
        await support.ask_to_end(lab, [poor, hopeless])
        for number in (poor, hopeless):
            assert (await until_over(lab, lenient, number)).status == Status.CANCELLED


async def test_a_dispatcher_that_dies_after_it_decided_leaves_the_stop_to_the_next(lab: Lab) -> None:
    await with_history(lab)
    async with a_dispatcher(lab, stops=False) as loop:
        number = await running(lab, loop)
    [(attempt, why)] = await DoomedRuns(lab.db, lab.folder / RUNS, lab.trainer.metric).look(await runs.active(lab.db))
    async with lab.db.transaction() as tx:  # and then it is gone, before it could ask the runner
        await early_stops.ask(tx, attempt.run.experiment, why.reason, why.seconds, time.time())
    assert await stops_asked(lab) == [number]
    asked = await support.experiment(lab, number)
    assert asked.status == Status.RUNNING
    async with a_dispatcher(lab) as another:
        stopped = await until_over(lab, another, number)
        await another.tick()
    assert (stopped.status, stopped.attempts) == (Status.STOPPED, 1)
    assert await stops_asked(lab) == [number]


async def test_a_run_that_ends_before_it_could_be_stopped_keeps_its_score_and_was_not_stopped(lab: Lab) -> None:
    number = await being_stopped(lab)
    await settle(lab, a_result(1.9))
    assert (await support.experiment(lab, number)).status == Status.SUCCEEDED
    assert await stops_asked(lab) == []


async def test_a_run_that_is_lost_while_it_is_stopped_is_stopped_and_not_run_again(lab: Lab) -> None:
    number = await being_stopped(lab)
    [attempt] = await runs.active(lab.db)
    async with lab.db.transaction() as tx:
        await Settler(lab.trainer.metric).settle(tx, FinishedRuns(lost=[(attempt, "it was killed")]), time.time())
    ended = await support.experiment(lab, number)
    assert (ended.status, ended.reason) == (Status.STOPPED, "doomed: as told")


async def test_the_first_of_ten_is_run_again_to_its_end_and_the_report_tells_what_came_of_it(lab: Lab) -> None:
    await with_history(lab)
    first, second = await being_stopped(lab), await being_stopped(lab, "other")
    await settle(lab, a_result(None, "cancelled"))
    [check] = await checks(lab)
    stopped = await support.experiment(lab, first)
    assert (check.tree, check.seed, check.replicate) == (stopped.tree, stopped.seed, stopped.replicate)
    assert (check.status, check.launched_by, check.gpu_seconds) == (Status.QUEUED, "labhand", 25.0)
    assert experiment_id(first) in check.hypothesis
    told = (await analyze.analyze(lab, "efficiency")).efficiency
    assert told is not None
    assert (told.stopped_early, told.stopped_run_to_the_end) == (2, None)
    await builders.experiment(lab, purpose="baseline")
    await settle(lab, a_result(1.9))
    told = (await analyze.analyze(lab, "efficiency")).efficiency
    assert told is not None
    assert (told.stopped_run_to_the_end, told.stopped_by_mistake) == (1, 1)
    assert (await support.experiment(lab, second)).status == Status.STOPPED
    assert len(await checks(lab)) == 1


async def test_who_asks_again_for_a_run_that_was_stopped_sees_its_end(lab: Lab) -> None:
    await with_history(lab)
    async with a_dispatcher(lab, allowance=Allowance(experiments=1)) as loop:
        first = await until_over(lab, loop, await running(lab, loop))
        assert first.status == Status.STOPPED
        again = await running(lab, loop, seed=first.seed)
        for _ in range(3):
            await loop.tick()
        assert await stops_asked(lab) == [first.number]
        await support.ask_to_end(lab, [again])
        await until_over(lab, loop, again)


async def test_the_optimiser_is_told_of_a_failure_without_a_score(lab: Lab) -> None:
    await with_history(lab)
    number = await being_stopped(lab)
    await settle(lab, a_result(None, "cancelled"))
    [stopped] = (await trials.trials(lab.db, Filter(experiments=[number]), most=10)).newest
    [entry] = dataset.trial_records([stopped], 1, await codes(lab, await Baseline.of(lab), [stopped]), lab.trainer.metric)
    assert (entry.outcome, entry.score) == ("failed", None)


async def test_a_link_in_place_of_a_curve_is_not_followed(lab: Lab, tmp_path: Path) -> None:
    await with_history(lab)
    async with a_dispatcher(lab) as loop:
        number = await running(lab, loop, POOR)
        curve = support.folder_of(lab, f"{experiment_id(number)}-1") / "curve.jsonl"
        (tmp_path / "elsewhere").write_text("\n".join(reports(EXPLODED, until=3.0)), "utf-8")
        curve.unlink()
        curve.symlink_to(tmp_path / "elsewhere")
        await loop.tick()
        assert await stops_asked(lab) == []
        await support.ask_to_end(lab, [number])
        await until_over(lab, loop, number)


async def being_stopped(lab: Lab, word: str = "one") -> int:
    """Let a run be asked to end as doomed."""
    [number] = await support.queue_source(lab, f"# {word}\n")
    async with lab.db.transaction() as tx:
        await queue.take(tx, "local", "cpu", 1, time.time())
        await early_stops.ask(tx, number, "doomed: as told", 3.0, time.time())
    return number


async def settle(lab: Lab, result: dict[str, Any]) -> None:
    """Let what runs, or is queued, end alike; the baseline a little worse."""
    async with lab.db.transaction() as tx:
        await queue.take(tx, "local", "cpu", 10, time.time())
    async with lab.db.transaction() as tx:
        attempts = await runs.active(lab.db)
        settler = Settler(lab.trainer.metric, FollowUps(lab.sources, Allowance(), baseline_every=0))
        ended = FinishedRuns()
        for attempt in attempts:
            score = {"score": 2.0} if attempt.purpose == "baseline" else {}
            ended.finished.append((attempt, RunResult.read(result | score)))
        await settler.settle(tx, ended, time.time())


async def checks(lab: Lab) -> list[Experiment]:
    rows = await lab.db.rows("SELECT number FROM experiments WHERE purpose = 'spot_check' ORDER BY number")
    return [await support.experiment(lab, row["number"]) for row in rows]
