"""What waits for a slot: in which order it starts, and what is held back because it keeps failing."""

# ruff: noqa: S608 - what is put into the statements are constants

from __future__ import annotations

from collections.abc import Sequence

from ...domain import PRIORITIES
from ...ids import run_id
from ..database import Database, Reader, Transaction
from ..steering import PAUSED
from .hold_scopes import HELD
from .holds import EMPTY

# SQLite would rather read all that is queued by its status, and sort it.
_QUEUE = "experiments INDEXED BY experiments_queue"
TRIAL_SECONDS = 30.0
"""A baseline that has trained for so long shows that the trainer runs: most that can't fail in the first seconds."""
_STARTABLE = f"status = 'queued' AND cancel_reason IS NULL AND NOT {HELD} AND NOT {PAUSED}"


async def startable(db: Database, kinds: Sequence[str]) -> bool:
    """Whether anything waits that could start on a device of these kinds."""
    sql = f"SELECT 1 FROM {_QUEUE} WHERE {_STARTABLE} AND gpu IN ({_marks(kinds)}) LIMIT 1"
    return bool(kinds) and await db.row(sql, kinds) is not None


async def take(tx: Transaction, pool: str, gpu: str, most: int, now: float, *, try_first: bool = False) -> int:
    """Make runs of the experiments that are next, for a backend to start, and return how many.

    Args:
        tx: The transaction.
        pool: Where they will run.
        gpu: The kind of device that the pool has.
        most: Free slots.
        now: Unix time.
        try_first: In a setting in which nothing was ever scored, start a single replicate of the baseline, and the others when
            it has trained for `TRIAL_SECONDS`: a trainer that can't run then costs one run.
    """
    trials = await _trials(tx, gpu, now) if try_first else {}
    alone, others = [number for number in trials.values() if number], list(trials)
    sql = (
        f"SELECT number, attempts FROM {_QUEUE} WHERE {_STARTABLE} AND gpu = ?"
        f" AND (setting NOT IN ({_marks(others)}) OR number IN ({_marks(alone)})) ORDER BY priority DESC, number LIMIT ?"
    )
    rows = await tx.rows(sql, (gpu, *others, *alone, most))
    chosen = [(row["number"], row["attempts"] + 1) for row in rows]
    await tx.many(
        "UPDATE experiments SET status = 'starting', attempts = ?, started_at = ? WHERE number = ?",
        [(attempt, now, number) for number, attempt in chosen],
    )
    await tx.many(
        "INSERT INTO runs (id, experiment, attempt, pool, handle, status, created_at, heartbeat_at, gpus)"
        " VALUES (?, ?, ?, ?, '{}', 'starting', ?, ?, coalesce((SELECT gpus_per_slot FROM pools WHERE name = ?), 1))",
        [(run_id(number, attempt), number, attempt, pool, now, now, pool) for number, attempt in chosen],
    )
    return len(chosen)


async def _trials(tx: Transaction, gpu: str, now: float) -> dict[str, int]:
    """The settings in which nothing was tried yet, with the replicate of the baseline to try; 0 while one is being tried."""
    waiting = await tx.rows(
        f"SELECT setting, min(number) AS number FROM {_QUEUE} WHERE {_STARTABLE} AND gpu = ? AND purpose = 'baseline'"
        " AND priority = ? GROUP BY setting",
        (gpu, PRIORITIES["high"]),
    )
    trials: dict[str, int] = {}
    for setting, number in [(row["setting"], row["number"]) for row in waiting]:
        if await tx.row("SELECT 1 FROM experiments WHERE setting = ? AND score IS NOT NULL LIMIT 1", (setting,)):
            continue
        running = await tx.rows(
            "SELECT running_at FROM runs JOIN experiments ON experiments.number = runs.experiment"
            " WHERE runs.status NOT IN ('finished', 'lost') AND setting = ?",
            (setting,),
        )
        if all((row["running_at"] or now) > now - TRIAL_SECONDS for row in running):
            trials[setting] = 0 if running else number
    return trials


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


async def give_back(tx: Transaction, run: str, experiment: int) -> None:
    """Undo `take` for a run that no runner was started on."""
    await tx.execute("DELETE FROM runs WHERE id = ?", (run,))
    await tx.execute(
        "UPDATE experiments SET status = 'queued', attempts = attempts - 1, started_at = NULL WHERE number = ?", (experiment,)
    )


async def needs_sweeping(db: Database) -> bool:
    """Whether a queued experiment was asked to end, or a hold holds nothing."""
    return (
        await db.row(
            "SELECT 1 FROM experiments INDEXED BY experiments_unwanted WHERE status = 'queued' AND cancel_reason IS NOT NULL"
            f" UNION ALL SELECT 1 FROM holds WHERE {EMPTY} LIMIT 1"
        )
        is not None
    )


async def queued_by_gpu(reader: Reader) -> dict[str, int]:
    """How many experiments wait for each kind of device."""
    rows = await reader.rows("SELECT gpu, count(*) AS count FROM experiments WHERE status = 'queued' GROUP BY gpu")
    return {row["gpu"]: row["count"] for row in rows}
