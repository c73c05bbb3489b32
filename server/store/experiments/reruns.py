"""What the lab runs again by itself: suspected scores, runs that it stopped, the baseline now and then."""

from __future__ import annotations

from ...domain import LAB, PRIORITIES, Experiment, Status
from ..database import Reader, Transaction
from . import launches, rows


async def next_replicate(reader: Reader, experiment: Experiment) -> int:
    """The first k that no experiment on this source has had in its setting."""
    row = await reader.row(
        "SELECT max(replicate) + 1 AS fresh FROM experiments WHERE tree = ? AND setting = ?",
        (experiment.tree, experiment.setting),
    )
    return int(row["fresh"]) if row else 0


async def newest_baseline(reader: Reader, setting: str) -> Experiment | None:
    """The newest replicate of the baseline in a setting, whatever became of it."""
    row = await reader.row(
        "SELECT * FROM experiments WHERE setting = ? AND purpose = 'baseline' ORDER BY number DESC LIMIT 1", (setting,)
    )
    return rows.experiment(row) if row else None


async def scored_since(reader: Reader, experiment: Experiment) -> int:
    """How many experiments of its setting have been scored since an experiment finished."""
    row = await reader.row(
        "SELECT count(*) FROM experiments WHERE finished_seq >"
        " (SELECT finished_seq FROM experiments WHERE number = ?) AND +setting = ? AND +score IS NOT NULL",
        (experiment.number, experiment.setting),
    )
    return int(row[0]) if row else 0


async def is_busy(reader: Reader, setting: str) -> bool:
    """Whether anything of a setting is queued or runs."""
    sql = "SELECT 1 FROM experiments WHERE status IN ('queued', 'starting', 'running', 'evaluating') AND +setting = ? LIMIT 1"
    return await reader.row(sql, (setting,)) is not None


async def reserve(reader: Reader, experiment: Experiment) -> float:
    """GPU-seconds to reserve for running an experiment again: it may have been cut short."""
    return max(experiment.gpu_seconds, await launches.mean_gpu_seconds(reader, experiment.setting) or 0.0)


async def queue(
    tx: Transaction, experiment: Experiment, *, number: int, purpose: str, why: str, replicate: int, seed: int, now: float
) -> None:
    """Queue an experiment's source once more, as `number`. It goes first."""
    seconds = await reserve(tx, experiment)
    usd = experiment.usd * seconds / experiment.gpu_seconds if experiment.gpu_seconds else 0.0
    await tx.execute(
        "INSERT INTO experiments (number, commit_hash, tree, base, purpose, hypothesis, changes, overrides, launched_by,"
        " launched_at, priority, seed, replicate, setting, gpu, clock, budget_seconds, status, gpu_seconds, usd, flags)"
        " SELECT ?, commit_hash, tree, base, ?, ?, changes, overrides, ?, ?, ?, ?, ?, setting, gpu, clock,"
        " budget_seconds, ?, ?, ?, flags FROM experiments WHERE number = ?",
        (
            number,
            purpose,
            why,
            LAB,
            now,
            PRIORITIES["high"],
            seed,
            replicate,
            Status.QUEUED,
            seconds,
            usd,
            experiment.number,
        ),
    )
