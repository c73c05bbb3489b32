"""What waits for a slot: in which order it starts, and what is held back because it keeps failing."""

# ruff: noqa: S608 - what is put into the statements are constants

from __future__ import annotations

import json
from collections.abc import Sequence

from ...domain import PRIORITIES
from ...ids import run_id
from ..database import Database, Reader, Row, Transaction
from ..money.plan_budgets import Amount, PlanBudgets, StartBudget
from ..steering_state import PAUSED
from .hold_scopes import HELD
from .holds import EMPTY

# SQLite would rather read all that is queued by its status, and sort it.
_QUEUE = "experiments INDEXED BY experiments_queue"
TRIAL_SECONDS = 30.0
"""A baseline that has trained for so long shows that the trainer runs: most that can't fail in the first seconds."""
_STARTABLE = f"status = 'queued' AND cancel_reason IS NULL AND NOT {HELD} AND NOT {PAUSED}"


async def startable(db: Database, kinds: Sequence[str], budgets: PlanBudgets | None = None) -> bool:
    """Whether anything waits that could start on a device of these kinds.

    Args:
        db: The lab's.
        kinds: Of devices.
        budgets: What may be spent, by plan; None or empty where nothing needs approval.
    """
    sql = f"SELECT 1 FROM {_QUEUE} WHERE {_STARTABLE} AND gpu IN ({_marks(kinds)}) LIMIT 1"
    if not kinds or await db.row(sql, kinds) is None:
        return False
    if not budgets:
        return True
    first_of_each = await db.rows(
        "SELECT plan, gpu_seconds, usd FROM (SELECT plan, gpu_seconds, usd,"
        " ROW_NUMBER() OVER (PARTITION BY plan, gpu ORDER BY priority DESC, number) AS place"
        f" FROM {_QUEUE} WHERE {_STARTABLE} AND gpu IN ({_marks(kinds)})) WHERE place = 1",
        kinds,
    )
    return any(StartBudget(budgets).take(row["plan"], _cost(row)) for row in first_of_each)


async def take(
    tx: Transaction,
    pool: str,
    gpu: str,
    most: int,
    now: float,
    *,
    try_first: bool = False,
    budgets: PlanBudgets | None = None,
) -> int:
    """Make runs of the experiments that are next, for a backend to start, and return how many.

    Args:
        tx: The transaction.
        pool: Where they will run.
        gpu: The kind of device that the pool has.
        most: Free slots.
        now: Unix time.
        try_first: In a setting in which nothing was ever scored, start a single replicate of the baseline, and the others when
            it has trained for `TRIAL_SECONDS`: a trainer that can't run then costs one run.
        budgets: What may be spent, by plan; None or empty where nothing needs approval. Of a plan that doesn't cover the first
            experiment that waits, none starts.
    """
    trials = await _trials(tx, gpu, now) if try_first else {}
    alone, others = [number for number in trials.values() if number], list(trials)
    condition = f"gpu = ? AND (setting NOT IN ({_marks(others)}) OR number IN ({_marks(alone)}))"
    rows = await _first(tx, condition, (gpu, *others, *alone), most, budgets or {})
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


async def _first(
    tx: Transaction, condition: str, parameters: Sequence[object], most: int, budgets: PlanBudgets
) -> Sequence[Row]:
    """Return what is next in the queue under a condition, as far as plans cover it."""
    sql = (
        f"SELECT number, attempts, plan, gpu_seconds, usd FROM {_QUEUE} WHERE {_STARTABLE} AND {condition}"
        " AND coalesce(plan, 0) NOT IN (SELECT value FROM json_each(?)) AND number NOT IN (SELECT value FROM json_each(?))"
    )
    chosen: list[Row] = []
    closed: set[int] = set()
    budget = StartBudget(budgets)
    while True:
        wanted = (*parameters, json.dumps(sorted(closed)), json.dumps([row["number"] for row in chosen]))
        left = most - len(chosen)
        rows = await tx.rows(f"{sql} ORDER BY priority DESC, number LIMIT {left}", wanted)
        for row in rows:
            if (row["plan"] or 0) not in closed:
                if budget.take(row["plan"], _cost(row)):
                    chosen.append(row)
                else:
                    closed.add(row["plan"] or 0)
        if len(rows) < left or len(chosen) == most:
            return chosen


def _cost(row: Row) -> Amount:
    return Amount(row["gpu_seconds"], row["usd"])


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
