"""Failure storms: what is held back because it keeps failing."""

# ruff: noqa: S608  what is put into the statements are constants

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...domain import Failure
from ...ids import grid_id
from ..database import Reader, Transaction
from .hold_scopes import HELD, SCOPE, SCOPES, SETTING

EMPTY = (
    f"scope NOT IN (SELECT {SCOPE} FROM experiments WHERE status = 'queued')"
    f" AND scope NOT IN (SELECT {SETTING} FROM experiments WHERE status = 'queued')"
)


@dataclass(frozen=True, slots=True)
class Hold:
    """A failure storm.

    Attributes:
        experiments: What is queued and doesn't start because of it.
    """

    number: int
    failure: Failure
    reason: str
    experiments: list[int] = field(default_factory=list[int])


async def active_holds(reader: Reader) -> list[Hold]:
    """The storms under which something waits, the newest first."""
    rows = await reader.rows(
        "SELECT holds.number AS hold, holds.failure, holds.reason, experiments.number"
        f" FROM holds JOIN experiments ON scope IN {SCOPES}"
        " WHERE status = 'queued' AND launched_at <= since ORDER BY since DESC, experiments.number"
    )
    storms: dict[int, Hold] = {}
    for row in rows:
        storm = storms.setdefault(row["hold"], Hold(row["hold"], Failure(row["failure"]), row["reason"]))
        storm.experiments.append(row["number"])
    return list(storms.values())


@dataclass(frozen=True, slots=True)
class HoldScope:
    """Experiments that a storm would hold together.

    Attributes:
        name: `g007, variant wide`, or `this source`.
        outcomes: What became of those that are finished: None for a success, else the failure.
        queued: How many wait.
    """

    name: str
    outcomes: Sequence[Failure | None]
    queued: int


async def scope_of(tx: Transaction, experiment: int) -> HoldScope:
    """The scope that an experiment belongs to."""
    row = await tx.row("SELECT grid, variant, tree, gpu FROM experiments WHERE number = ?", (experiment,))
    if row is None or row["grid"] is None:
        name, where, of = "this source", "tree = ? AND grid IS NULL", [row and row["tree"]]
    else:
        name = f"{grid_id(row['grid'])}, variant {row['variant']}" if row["variant"] else grid_id(row["grid"])
        where, of = "grid = ? AND variant = ?", [row["grid"], row["variant"]]
    # By columns that have an index, rather than by the expression.
    rows = await tx.rows(f"SELECT status, failure FROM experiments WHERE {where} AND +gpu = ?", [*of, row and row["gpu"]])
    return HoldScope(
        name,
        [Failure(row["failure"]) if row["failure"] else None for row in rows if row["status"] in {"succeeded", "failed"}],
        sum(row["status"] == "queued" for row in rows),
    )


async def has_holds(reader: Reader) -> bool:
    """Whether anything is held back."""
    return await reader.row("SELECT 1 FROM holds LIMIT 1") is not None


async def save_hold(tx: Transaction, experiment: int, failure: Failure, reason: str, now: float) -> None:
    """Hold back what is queued in an experiment's scope. What is launched later is not held."""
    await _save(tx, SCOPE, (failure, reason, now, experiment))


async def _save(tx: Transaction, scope: str, values: tuple[object, ...]) -> None:
    await tx.execute(
        f"INSERT INTO holds (scope, failure, reason, since) SELECT {scope}, ?, ?, ? FROM experiments WHERE number = ?"
        " ON CONFLICT (scope) DO UPDATE SET failure = excluded.failure, reason = excluded.reason, since = excluded.since",
        values,
    )


async def is_first_of_unchanged(reader: Reader, experiment: int) -> bool:
    """Whether an experiment has the unchanged source, and nothing in its setting has ever been scored."""
    row = await reader.row(
        "SELECT 1 FROM experiments AS own WHERE number = ? AND (purpose = 'baseline' OR EXISTS (SELECT 1 FROM experiments AS"
        " baseline WHERE baseline.setting = own.setting AND baseline.purpose = 'baseline' AND baseline.tree = own.tree))"
        " AND NOT EXISTS (SELECT 1 FROM experiments AS other WHERE other.setting = own.setting AND other.score IS NOT NULL)",
        (experiment,),
    )
    return row is not None


async def queued_in_setting(reader: Reader, experiment: int) -> int:
    """How many experiments wait in an experiment's setting."""
    row = await reader.row(
        "SELECT count(*) FROM experiments WHERE status = 'queued'"
        " AND +setting = (SELECT setting FROM experiments WHERE number = ?)",
        (experiment,),
    )
    return int(row[0]) if row else 0


async def held_in_other_settings(reader: Reader, prefix: str) -> list[int]:
    """What is held and queued in settings whose names begin otherwise: under another trainer than the lab has now."""
    rows = await reader.rows(
        f"SELECT number FROM experiments WHERE status = 'queued' AND substr(setting, 1, ?) != ? AND {HELD} ORDER BY number",
        (len(prefix), prefix),
    )
    return [row["number"] for row in rows]


async def save_setting_hold(tx: Transaction, experiment: int, failure: Failure, reason: str, now: float) -> None:
    """Hold back what is queued in an experiment's setting, whatever its source. What is launched later is not held."""
    await _save(tx, SETTING, (failure, reason, now, experiment))


async def lift_holds(tx: Transaction, experiment: int) -> None:
    """Let go on what was held in every scope that this experiment's source belongs to, on its kind of device."""
    await tx.execute(f"DELETE FROM holds WHERE scope = (SELECT {SETTING} FROM experiments WHERE number = ?)", (experiment,))
    await tx.execute(
        f"DELETE FROM holds WHERE scope IN (SELECT {SCOPE} FROM experiments"
        " WHERE (tree, gpu) = (SELECT tree, gpu FROM experiments WHERE number = ?))",
        (experiment,),
    )


async def drop_empty_holds(tx: Transaction) -> None:
    """Forget holds under which nothing waits any more."""
    await tx.execute(f"DELETE FROM holds WHERE {EMPTY}")
