"""Scores that are too good to be true, which have to be run again on another seed."""

from __future__ import annotations

from ...domain import Experiment
from ..database import Transaction
from . import rows as records


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
