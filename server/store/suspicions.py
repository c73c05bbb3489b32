"""Scores that are too good to be true: written down, and run again on another seed."""

from __future__ import annotations

from ..domain import LAB, PRIORITIES, Experiment, Status, experiment_id
from . import records
from .database import Transaction


async def suspect(tx: Transaction, experiment: int, must_beat: float) -> None:
    """Write down what another seed has to score better than for an experiment to count."""
    await tx.execute("UPDATE experiments SET must_beat = ? WHERE number = ?", (must_beat, experiment))


async def unanswered(tx: Transaction) -> list[Experiment]:
    """Suspected experiments whose source was never run again, and has no other seed that is scored or may still be."""
    rows = await tx.rows(
        "SELECT * FROM experiments AS one INDEXED BY experiments_suspected WHERE must_beat IS NOT NULL AND NOT EXISTS ("
        " SELECT 1 FROM experiments AS other WHERE other.tree = one.tree AND other.setting = one.setting"
        " AND other.number <> one.number"
        " AND (other.purpose = 'recheck' OR other.status NOT IN ('failed', 'cancelled', 'stopped')))"
    )
    return [records.experiment(row) for row in rows]


async def next_replicate(tx: Transaction, experiment: Experiment) -> int:
    """The first k that no experiment on this source has had in its setting."""
    row = await tx.row(
        "SELECT max(replicate) + 1 AS fresh FROM experiments WHERE tree = ? AND setting = ?",
        (experiment.tree, experiment.setting),
    )
    return int(row["fresh"]) if row else 0


async def run_again(tx: Transaction, experiment: Experiment, number: int, replicate: int, seed: int, now: float) -> None:
    """Queue an experiment's source on another seed, as `number`. It is reserved what the first one cost, and goes first."""
    await tx.execute(
        "INSERT INTO experiments (number, commit_hash, tree, base, purpose, hypothesis, changes, overrides, launched_by,"
        " launched_at, priority, seed, replicate, setting, gpu, clock, budget_seconds, status, gpu_seconds, usd, flags)"
        " SELECT ?, commit_hash, tree, base, 'recheck', ?, changes, overrides, ?, ?, ?, ?, ?, setting, gpu, clock,"
        " budget_seconds, ?, gpu_seconds, usd, flags FROM experiments WHERE number = ?",
        (
            number,
            f"Whether the score of {experiment_id(experiment.number)} comes again on another seed",
            LAB,
            now,
            PRIORITIES["high"],
            seed,
            replicate,
            Status.QUEUED,
            experiment.number,
        ),
    )
