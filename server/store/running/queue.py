"""What waits for a slot: in which order it starts, and what is held back because it keeps failing."""

# ruff: noqa: S608 - what is put into the statements are constants

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...domain import Failure, grid_id, run_id
from ..database import Database, Transaction

SCOPE = "COALESCE('g' || grid || ' ' || variant, tree) || ' ' || gpu"
"""What a storm holds together: the cells of one variant of a grid; outside of grids, the replicates of one source.

On one kind of device: what runs out of memory on one may fit another.
"""

# SQLite would rather read all that is queued by its status, and sort it.
_QUEUE = "experiments INDEXED BY experiments_queue"
_HELD = f"EXISTS (SELECT 1 FROM holds WHERE scope = {SCOPE} AND since >= launched_at)"
_EMPTY = f"scope NOT IN (SELECT {SCOPE} FROM experiments WHERE status = 'queued')"
_STARTABLE = f"status = 'queued' AND cancel_reason IS NULL AND NOT {_HELD}"


async def startable(db: Database, kinds: Sequence[str]) -> bool:
    """Whether anything waits that could start on a device of these kinds."""
    marks = ", ".join("?" * len(kinds))
    sql = f"SELECT 1 FROM {_QUEUE} WHERE {_STARTABLE} AND gpu IN ({marks}) LIMIT 1"
    return bool(kinds) and await db.row(sql, kinds) is not None


async def take(tx: Transaction, pool: str, gpu: str, most: int, now: float) -> int:
    """Make runs of the experiments that are next, for a backend to start; gives how many.

    Args:
        tx: The transaction.
        pool: Where they will run.
        gpu: The kind of device that the pool has.
        most: Free slots.
        now: Unix time.
    """
    sql = f"SELECT number, attempts FROM {_QUEUE} WHERE {_STARTABLE} AND gpu = ? ORDER BY priority DESC, number LIMIT ?"
    chosen = [(row["number"], row["attempts"] + 1) for row in await tx.rows(sql, (gpu, most))]
    await tx.many(
        "UPDATE experiments SET status = 'starting', attempts = ?, started_at = ? WHERE number = ?",
        [(attempt, now, number) for number, attempt in chosen],
    )
    await tx.many(
        "INSERT INTO runs (id, experiment, attempt, pool, handle, status, created_at, heartbeat_at)"
        " VALUES (?, ?, ?, ?, '{}', 'starting', ?, ?)",
        [(run_id(number, attempt), number, attempt, pool, now, now) for number, attempt in chosen],
    )
    return len(chosen)


async def give_back(tx: Transaction, run: str, experiment: int) -> None:
    """Undo `take` for a run that no runner was started on."""
    await tx.execute("DELETE FROM runs WHERE id = ?", (run,))
    await tx.execute(
        "UPDATE experiments SET status = 'queued', attempts = attempts - 1, started_at = NULL WHERE number = ?", (experiment,)
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """Experiments that a storm would hold together.

    Attributes:
        name: `g007, variant wide`, or `this source`.
        outcomes: What became of those that are finished: None for a success, else the failure.
        queued: How many wait.
    """

    name: str
    outcomes: Sequence[Failure | None]
    queued: int


async def scope(tx: Transaction, experiment: int) -> Scope:
    """The scope that an experiment belongs to."""
    row = await tx.row("SELECT grid, variant, tree, gpu FROM experiments WHERE number = ?", (experiment,))
    if row is None or row["grid"] is None:
        name, where, of = "this source", "tree = ? AND grid IS NULL", [row and row["tree"]]
    else:
        name = f"{grid_id(row['grid'])}, variant {row['variant']}" if row["variant"] else grid_id(row["grid"])
        where, of = "grid = ? AND variant = ?", [row["grid"], row["variant"]]
    # By columns that have an index, rather than by the expression.
    rows = await tx.rows(f"SELECT status, failure FROM experiments WHERE {where} AND +gpu = ?", [*of, row and row["gpu"]])
    return Scope(
        name,
        [Failure(row["failure"]) if row["failure"] else None for row in rows if row["status"] in {"succeeded", "failed"}],
        sum(row["status"] == "queued" for row in rows),
    )


async def hold(tx: Transaction, experiment: int, failure: Failure, reason: str, now: float) -> None:
    """Hold back what is queued in an experiment's scope. What is launched later is not held."""
    await tx.execute(
        f"INSERT INTO holds (scope, failure, reason, since) SELECT {SCOPE}, ?, ?, ? FROM experiments WHERE number = ?"
        " ON CONFLICT (scope) DO UPDATE SET failure = excluded.failure, reason = excluded.reason, since = excluded.since",
        (failure, reason, now, experiment),
    )


async def lift_holds(tx: Transaction, experiment: int) -> None:
    """Let go on what was held in every scope that this experiment's source belongs to, on its kind of device."""
    await tx.execute(
        f"DELETE FROM holds WHERE scope IN (SELECT {SCOPE} FROM experiments"
        " WHERE (tree, gpu) = (SELECT tree, gpu FROM experiments WHERE number = ?))",
        (experiment,),
    )


async def drop_empty_holds(tx: Transaction) -> None:
    """Forget holds under which nothing waits any more."""
    await tx.execute(f"DELETE FROM holds WHERE {_EMPTY}")


async def needs_sweeping(db: Database) -> bool:
    """Whether a queued experiment was asked to end, or a hold holds nothing."""
    return (
        await db.row(
            "SELECT 1 FROM experiments INDEXED BY experiments_unwanted WHERE status = 'queued' AND cancel_reason IS NOT NULL"
            f" UNION ALL SELECT 1 FROM holds WHERE {_EMPTY} LIMIT 1"
        )
        is not None
    )
