"""How runs and experiments end: once, with their place in the order of finishing and what they cost."""

# ruff: noqa: S608 - what is put into the statements are constants

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...domain import FailureDetail, Run, RunStatus, Status, Verdict
from ..database import Transaction
from ..experiments import metric_values

_NEXT = "(SELECT COALESCE(MAX(finished_seq), 0) + 1 FROM experiments)"
_RUNS_COST = (
    "(SELECT SUM((runs.finished_at - created_at) * gpus),"
    " SUM((runs.finished_at - created_at) * gpus * COALESCE(usd_per_hour, 0)) / 3600"
    " FROM runs LEFT JOIN pools ON pools.name = runs.pool WHERE experiment = ?1)"
)
"""Seconds of a GPU and dollars of an experiment, by all its runs."""


@dataclass(frozen=True, slots=True)
class ExperimentOutcome:
    """How an experiment ended.

    Attributes:
        score: None unless measured.
        useful_seconds: Of training, where a score came of it.
        result: The runner's result, less what has a column.
        reason: Of the verdict, where there is no score to judge.
    """

    status: Status
    score: float | None = None
    stratum: int | None = None
    failed: FailureDetail | None = None
    useful_seconds: float = 0.0
    result: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reason: str | None = None

    @property
    def verdict(self) -> Verdict:
        """What can be said before the score is judged."""
        if self.status is Status.STOPPED:
            return Verdict.WORSE
        return Verdict.PENDING if self.score is not None else Verdict.NONE


async def end_run(tx: Transaction, run: Run, status: RunStatus, held_seconds: float) -> bool:
    """End a run, `finished` or `lost`, and book what its slot cost; False when that was done before.

    Args:
        tx: The transaction.
        run: The run.
        status: `finished` or `lost`.
        held_seconds: For how long it held its slot.
    """
    ended = await tx.execute(
        "UPDATE runs SET status = ?, finished_at = ? WHERE id = ? AND status NOT IN ('finished', 'lost')",
        (status, run.created_at + held_seconds, run.id),
    )
    if ended:
        await _spend(tx, run, experiments=0, held_seconds=held_seconds, useful_seconds=0.0)
    return bool(ended)


async def requeue(tx: Transaction, experiment: int) -> None:
    """Let an experiment wait for another run."""
    await tx.execute("UPDATE experiments SET status = 'queued', started_at = NULL WHERE number = ?", (experiment,))


async def finish(tx: Transaction, run: Run, outcome: ExperimentOutcome, now: float) -> None:
    """End the experiment of a run that has ended."""
    await tx.execute(
        f"UPDATE experiments SET (gpu_seconds, usd) = {_RUNS_COST},"
        " status = ?2, score = ?3, stratum = ?4, verdict = ?5, reason = ?6, failure = ?7, failed = ?8,"
        " cancel_reason = CASE ?2 WHEN 'cancelled' THEN cancel_reason END,"
        f" finished_at = ?9, finished_seq = {_NEXT}, result = ?10"
        " WHERE number = ?1",
        (
            run.experiment,
            outcome.status,
            outcome.score,
            outcome.stratum,
            outcome.verdict,
            outcome.reason,
            outcome.failed and outcome.failed.kind,
            outcome.failed and _as_json(outcome.failed),
            now,
            json.dumps(outcome.result),
        ),
    )
    await metric_values.save(tx, run.experiment, outcome.result.get("metrics", {}))
    await _spend(tx, run, experiments=1, held_seconds=0.0, useful_seconds=outcome.useful_seconds)


async def evidence(tx: Transaction, run: str) -> list[str]:
    """What an experiment failed with, by one of its runs: the lines, or else the message."""
    row = await tx.row("SELECT failed FROM experiments WHERE number = (SELECT experiment FROM runs WHERE id = ?)", (run,))
    told: dict[str, Any] = json.loads(row["failed"] or "{}") if row else {}
    return [str(line) for line in told.get("lines") or [told.get("message", "")]]


async def cancel_queued(tx: Transaction, now: float) -> int:
    """End every queued experiment that someone asked to end, and return how many."""
    return await tx.execute(
        "UPDATE experiments SET status = 'cancelled', verdict = 'none', finished_at = ?, gpu_seconds = 0, usd = 0,"
        f" finished_seq = {_NEXT} - 1 + place"
        " FROM (SELECT number AS chosen, ROW_NUMBER() OVER (ORDER BY number) AS place FROM experiments"
        "       WHERE status = 'queued' AND cancel_reason IS NOT NULL)"
        " WHERE number = chosen",
        (now,),
    )


async def _spend(tx: Transaction, run: Run, *, experiments: int, held_seconds: float, useful_seconds: float) -> None:
    await tx.execute(
        "INSERT INTO spent (pool, hired, experiments, gpu_seconds, usd, useful_seconds)"
        " SELECT ?1, coalesce(most_clusters > 0, 0), ?2, ?3, ?3 / 3600 * coalesce(usd_per_hour, 0), ?4"
        " FROM (SELECT 1) LEFT JOIN pools ON name = ?1 WHERE true"  # SQLite needs a WHERE before ON CONFLICT
        " ON CONFLICT (pool, hired) DO UPDATE SET experiments = experiments + excluded.experiments,"
        " gpu_seconds = gpu_seconds + excluded.gpu_seconds, usd = usd + excluded.usd,"
        " useful_seconds = useful_seconds + excluded.useful_seconds",
        (run.pool, experiments, held_seconds * run.gpus, useful_seconds * run.gpus),
    )


def _as_json(failed: FailureDetail) -> str:
    return json.dumps({"message": failed.message, "lines": list(failed.lines), "next_step": failed.next_step})
