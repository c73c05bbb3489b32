# ruff: noqa: ANN401
from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from typing import Any

import pytest
from labhand.server.dispatcher.run_folders import RunFolders
from labhand.server.dispatcher.settler import FinishedRuns, Settler
from labhand.server.domain import Failure, Status, Verdict
from labhand.server.lab.lab import Lab
from labhand.server.lab.results.table import get_results
from labhand.server.schemas.results import ResultsQuery
from labhand.server.settings import RUNS
from labhand.server.store.comparison import champions
from labhand.server.store.running import queue, runs
from labhand.server.store.running.runs import Attempt
from labhand.trainer.contract.run_result import RunResult

from ..lab import builders
from . import support

pytestmark = pytest.mark.anyio


def a_result(score: float | None = 1.9, status: str = "succeeded", **parts: Any) -> dict[str, Any]:
    """As docs/runs.md shows it."""
    whole: dict[str, Any] = {
        "run": "e0001-1",
        "status": status,
        "score": score,
        "metric": "val_loss",
        "self_reported": False,
        "failure": None,
        "seconds": {"startup": 3.0, "training": 20.0, "evaluation": 2.0, "held": 25.0, "training_wall": 20.6},
        "measures": {"steps": 120},
        "claimed": {},
        "metrics": {},
        "device": {"kind": "cpu", "torch": "2.13.0", "driver": None},
        "evaluator": {"version": "1", "data": "sotu", "tokens": 262144},
        "sandbox": {"files": "none", "network": "none"},
        "flags": [],
        "weights_of": None,
        "budget": None,
        "output": None,
    }
    return whole | parts


async def taken(lab: Lab, *numbers: int) -> list[Attempt]:
    """Make runs of everything queued; gives those of the experiments named, or all."""
    async with lab.db.transaction() as tx:
        await queue.take(tx, "local", "cpu", 100_000, time.time())
    return [attempt for attempt in await runs.active(lab.db) if not numbers or attempt.run.experiment in numbers]


async def settle(lab: Lab, settler: Settler, scores: dict[int, float], **parts: Any) -> None:
    """Let experiments end with these scores."""
    attempts = await taken(lab, *scores)
    async with lab.db.transaction() as tx:
        ended = FinishedRuns(
            [(attempt, RunResult.read(a_result(scores[attempt.run.experiment], **parts))) for attempt in attempts]
        )
        await settler.settle(tx, ended, time.time())


async def queue_trees(lab: Lab, *trees: str, **about: Any) -> list[int]:
    """Queue an experiment of each of these sources, in name only."""
    baseline = await champions.baseline(lab.db)
    assert baseline is not None
    return [await builders.experiment(lab, commit=(baseline.commit, tree or baseline.tree), **about) for tree in trees]


async def test_a_result_is_settled_once(lab: Lab) -> None:
    [number] = await queue_trees(lab, "a")
    attempts = await taken(lab)
    for _ in range(2):
        async with lab.db.transaction() as tx:
            await Settler(lab.trainer.metric).settle(tx, FinishedRuns([(attempts[0], RunResult.read(a_result()))]), time.time())
    experiment = await support.experiment(lab, number)
    assert (experiment.status, experiment.score, experiment.gpu_seconds) == (Status.SUCCEEDED, 1.9, 25.0)
    assert experiment.result == {key: a_result()[key] for key in a_result() if key not in {"run", "status", "score", "failure"}}
    [spent] = await lab.db.rows("SELECT * FROM spent")
    assert tuple(spent) == ("local", 0, 1, 25.0, 0.0, 20.6)  # wall seconds, as a slot is held


async def test_the_kind_asked_for_and_the_kind_measured_are_both_facts_of_a_stratum(lab: Lab) -> None:
    sxm, pcie, cpu = await queue_trees(lab, "a", "b", "c", setting="parabola/H100/5s")
    settler = Settler(lab.trainer.metric)
    await settle(lab, settler, {sxm: 1.9}, device={"kind": "H100-SXM", "torch": "2.13.0", "driver": "570"})
    await settle(lab, settler, {pcie: 1.9}, device={"kind": "H100-PCIe", "torch": "2.13.0", "driver": "570"})
    await settle(lab, settler, {cpu: 1.9}, device={"kind": "H100", "torch": "2.13.0", "driver": "570"})
    found = await lab.db.rows("SELECT facts FROM strata ORDER BY number")
    kinds = [(facts.get("gpu"), facts["device"]) for facts in (json.loads(row["facts"]) for row in found)]

    assert kinds == [
        ("H100", "H100-SXM"),
        ("H100", "H100-PCIe"),
        (None, "H100"),
    ]


async def test_money_is_counted_by_the_pool_lost_runs_included(lab: Lab) -> None:
    async with lab.db.transaction() as tx:
        await tx.execute("UPDATE pools SET usd_per_hour = 3.6")
    [number] = await queue_trees(lab, "a")
    settler = Settler(lab.trainer.metric)
    [first] = await taken(lab)
    async with lab.db.transaction() as tx:
        await tx.execute("UPDATE runs SET created_at = created_at - 100")
        await tx.execute("UPDATE runs SET heartbeat_at = created_at + 50")
        row = await tx.row("SELECT * FROM runs")
        assert row is not None
        lost = Attempt(runs.run_record(row), first.commit, first.seed, 5.0, "cpu", first.setting, 1, None)
        await settler.settle(tx, FinishedRuns(lost=[(lost, "it was killed")]), time.time())
    assert (await support.experiment(lab, number)).status == "queued"
    await settle(lab, settler, {number: 1.9})
    experiment = await support.experiment(lab, number)
    assert experiment.gpu_seconds == pytest.approx(75.0)
    assert experiment.usd == pytest.approx(0.075)
    [spent] = await lab.db.rows("SELECT * FROM spent")
    assert (spent["experiments"], spent["gpu_seconds"]) == (1, pytest.approx(75.0))


async def test_a_run_on_a_group_of_gpus_costs_all_of_them(lab: Lab) -> None:
    async with lab.db.transaction() as tx:
        await tx.execute("UPDATE pools SET usd_per_hour = 3.6, gpus_per_slot = 4")
    [number] = await queue_trees(lab, "a")
    await settle(lab, Settler(lab.trainer.metric), {number: 1.9})
    experiment = await support.experiment(lab, number)
    assert experiment.gpu_seconds == pytest.approx(100.0)  # 25 s on 4 GPUs
    assert experiment.usd == pytest.approx(0.1)
    [spent] = await lab.db.rows("SELECT * FROM spent")
    assert (spent["gpu_seconds"], spent["useful_seconds"]) == (pytest.approx(100.0), pytest.approx(4 * 20.6))


async def test_what_a_shorter_run_has_trained_is_not_useful_time_twice(lab: Lab) -> None:
    [number] = await queue_trees(lab, "a")
    seconds = {"training": 20.0, "training_wall": 20.6, "held": 17.0, "resumed_wall": 12.0, "extended_wall": 8.0}
    await settle(lab, Settler(lab.trainer.metric), {number: 1.9}, seconds=seconds)
    assert (await support.experiment(lab, number)).gpu_seconds == pytest.approx(17.0)  # of this run alone
    [spent] = await lab.db.rows("SELECT * FROM spent")
    assert (spent["gpu_seconds"], spent["useful_seconds"]) == (pytest.approx(17.0), pytest.approx(12.6))


async def test_a_failure_keeps_its_class_lines_and_next_step(lab: Lab) -> None:
    [number] = await queue_trees(lab, "a")
    told = {"kind": "diverged", "message": "the loss is NaN", "lines": ["step 3 loss nan"], "next_step": "Lower MATRIX_LR"}
    await _end(lab, a_result(None, "failed", failure=told))
    experiment = await support.experiment(lab, number)
    assert experiment.failed is not None
    assert (experiment.failed.kind, experiment.failed.message) == (Failure.DIVERGED, "the loss is NaN")
    assert (list(experiment.failed.lines), experiment.failed.next_step) == (["step 3 loss nan"], "Lower MATRIX_LR")
    assert (experiment.verdict, experiment.score, experiment.stratum) == (Verdict.NONE, None, None)


async def test_what_failed_as_tampering_is_evaluated_again_on_its_weights_and_keeps_both_evidences(lab: Lab) -> None:
    first = await builders.experiment(lab, seed=7)
    folders = RunFolders(lab.folder, lab.sources, lab.identity)
    looked = {"kind": "tampering", "message": "sees the future", "lines": ["0.4 nats at 3 of 256"], "next_step": ""}
    [attempt] = await taken(lab, first)
    assert attempt.accused is None
    await _end(lab, a_result(None, "failed", failure=looked))
    before = lab.folder / RUNS / f"e{first:04}-1"
    before.mkdir(parents=True)
    for name, text in (("model.pt", "weights"), ("config.json", "{}"), ("result.json", json.dumps(a_result()))):
        (before / name).write_text(text, "utf-8")

    again = await builders.experiment(lab, seed=7)
    other = await builders.experiment(lab, seed=8)
    attempts = {attempt.run.experiment: attempt for attempt in await taken(lab)}
    assert (attempts[again].accused, attempts[other].accused) == (before.name, None)
    remote = await folders.fill(attempts[other], sandbox_required=False, carries_weights=True)
    assert json.loads((remote / "spec.json").read_text("utf-8"))["trained"] is None
    folder = await folders.fill(attempts[again], sandbox_required=False, carries_weights=True)
    trained = json.loads((folder / "spec.json").read_text("utf-8"))["trained"]
    assert (trained["run"], trained["seconds"]["training"], trained["measures"]) == (before.name, 20.0, {"steps": 120})
    assert (folder / "model.pt").read_text("utf-8") == "weights"

    once_more = a_result(None, "failed", failure=looked | {"lines": ["0.5 nats at 4 of 256"]}, weights_of=before.name)
    async with lab.db.transaction() as tx:
        await Settler(lab.trainer.metric).settle(tx, FinishedRuns([(attempts[again], RunResult.read(once_more))]), time.time())
    failed = (await support.experiment(lab, again)).failed
    assert failed is not None
    assert list(failed.lines) == ["0.5 nats at 4 of 256", f"{before.name} had failed with:", "0.4 nats at 3 of 256"]


async def test_a_retry_of_another_failure_or_without_weights_trains(lab: Lab) -> None:
    folders = RunFolders(lab.folder, lab.sources, lab.identity)
    for seed, kind in ((1, "diverged"), (2, "tampering")):
        await builders.experiment(lab, seed=seed)
        await _end(lab, a_result(None, "failed", failure={"kind": kind, "message": "m", "lines": []}))
        again = await builders.experiment(lab, seed=seed)
        [attempt] = await taken(lab, again)
        assert (attempt.accused is None) == (kind == "diverged")
        folder = await folders.fill(attempt, sandbox_required=False, carries_weights=True)
        assert json.loads((folder / "spec.json").read_text("utf-8"))["trained"] is None
        await _end(lab, a_result())


async def test_a_run_stopped_as_doomed_is_worse(lab: Lab) -> None:
    [number] = await queue_trees(lab, "a")
    [attempt] = await taken(lab)
    stopped = replace(attempt, doomed="its curve is out of reach", cancel_reason="it was asked to end")
    async with lab.db.transaction() as tx:
        ended = FinishedRuns([(stopped, RunResult.read(a_result(None, "cancelled")))])
        await Settler(lab.trainer.metric).settle(tx, ended, time.time())
    experiment = await support.experiment(lab, number)
    assert (experiment.status, experiment.verdict, experiment.score) == (Status.STOPPED, Verdict.WORSE, None)


@pytest.mark.parametrize(
    "broken",
    [{}, {"status": "done"}, a_result(math.nan), a_result(None, "failed", failure={"kind": "odd"}), a_result(device=None)],
)
async def test_a_result_that_cannot_be_read_fails_its_experiment_alone(lab: Lab, broken: dict[str, Any]) -> None:
    number, fine = await queue_trees(lab, "a", "b")
    attempts = await taken(lab)
    async with lab.db.transaction() as tx:
        ended = FinishedRuns([(attempts[0], RunResult.read(broken)), (attempts[1], RunResult.read(a_result()))])
        await Settler(lab.trainer.metric).settle(tx, ended, time.time())
    experiment = await support.experiment(lab, number)
    assert experiment.failed is not None
    assert experiment.failed.kind is Failure.CONTRACT_BROKEN
    assert (await support.experiment(lab, fine)).score == 1.9


async def test_a_kind_of_failure_that_is_not_known_here_is_shown_as_it_is(lab: Lab) -> None:
    [number] = await queue_trees(lab, "a")
    await _end(lab, a_result(None, "failed", failure={"kind": "power_cut", "message": "the lights went out"}))
    experiment = await support.experiment(lab, number)
    assert experiment.failed is not None
    assert (experiment.status, experiment.failed.kind) == (Status.FAILED, "power_cut")
    [row] = (await get_results(lab, ResultsQuery(ids=[experiment.id]))).rows
    assert "power_cut" in str(row)


async def test_a_run_that_finished_before_it_could_be_cancelled_keeps_its_score(lab: Lab) -> None:
    [number] = await queue_trees(lab, "a")
    attempts = await taken(lab)
    await support.ask_to_end(lab, [number])
    async with lab.db.transaction() as tx:
        await Settler(lab.trainer.metric).settle(tx, FinishedRuns([(attempts[0], RunResult.read(a_result()))]), time.time())
    experiment = await support.experiment(lab, number)
    assert (experiment.status, experiment.cancel_reason) == (Status.SUCCEEDED, None)


async def test_what_differs_in_what_makes_scores_comparable_is_another_stratum(lab: Lab) -> None:
    a, b, c, d = await queue_trees(lab, "a", "b", "c", "d")
    settler = Settler(lab.trainer.metric)
    await settle(lab, settler, {a: 1.9, b: 1.8})
    await settle(lab, settler, {c: 1.9}, device={"kind": "cpu", "torch": "2.14.0", "driver": None})
    await settle(lab, settler, {d: 1.9}, evaluator={"version": "2", "data": "sotu", "tokens": 262144})
    strata = [(await support.experiment(lab, number)).stratum for number in (a, b, c, d)]
    assert strata[0] == strata[1]
    assert len(set(strata)) == 3


async def test_what_a_failure_says_is_bounded_and_what_is_kept_is_strict_json(lab: Lab) -> None:
    [number] = await queue_trees(lab, "a")
    failure = {"kind": "tampering", "message": "m" * 10**5, "lines": ["l" * 10**5, 7] * 100, "next_step": "n" * 10**5}
    await _end(lab, a_result(None, "failed", failure=failure, flags=[{"odd": 1}] * 999, measures={"loss": math.nan}))
    experiment = await support.experiment(lab, number)
    assert experiment.failed is not None
    assert experiment.failed.kind is Failure.TAMPERING
    assert sum(map(len, experiment.failed.lines)) + len(experiment.failed.message + experiment.failed.next_step) < 100_000
    assert set(map(type, experiment.failed.lines)) == {str}
    assert experiment.result["measures"] == {"loss": None}
    assert set(experiment.flags) == {"{'odd': 1}"}
    [row] = await lab.db.rows("SELECT json_extract(result, '$.measures.loss') AS loss FROM experiments")
    assert row["loss"] is None


async def _end(lab: Lab, result: dict[str, Any]) -> None:
    attempts = await taken(lab)
    async with lab.db.transaction() as tx:
        await Settler(lab.trainer.metric).settle(tx, FinishedRuns([(attempts[0], RunResult.read(result))]), time.time())
