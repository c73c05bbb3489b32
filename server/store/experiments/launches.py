"""What launching asks and writes: twins, what is pending, new sources, grids and experiments, the answer given."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...domain import PENDING, Experiment, Status
from ..database import Reader, Transaction
from . import rows as records

MEASURED = 50
"""Of the newest scored experiments say what the next one will take."""
_PENDING = json.dumps(sorted(PENDING))


@dataclass(frozen=True, slots=True)
class KeptSource:
    """A source as the table of sources tells it.

    Attributes:
        changes: Against its base, in a few words.
        diffstat: Lines added and removed against its base.
        knobs: Every knob's value.
        flags: What it touches that the baseline doesn't; see `server.flags`.
    """

    commit: str
    tree: str
    changes: str
    diffstat: str
    knobs: Mapping[str, Any]
    flags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class QueueAhead:
    """What waits or runs on one kind of device."""

    experiments: int
    gpu_seconds: float


@dataclass(frozen=True, slots=True)
class NewGrid:
    """Experiments launched together."""

    hypothesis: str
    design: str
    factors: Mapping[str, Any]
    theme: str | None
    launched_by: str
    launched_at: float


async def experiment(reader: Reader, number: int) -> Experiment | None:
    """One experiment."""
    row = await reader.row("SELECT * FROM experiments WHERE number = ?", (number,))
    return records.experiment(row) if row else None


async def newest(reader: Reader) -> int:
    """The number of the newest experiment, 0 where there is none."""
    row = await reader.row("SELECT MAX(number) AS newest FROM experiments")
    return (row["newest"] if row else None) or 0


async def any_known(reader: Reader, trees: Sequence[str]) -> bool:
    """Whether the lab has a source of one of these contents."""
    sql = "SELECT 1 FROM sources WHERE tree IN (SELECT value FROM json_each(?)) LIMIT 1"
    return await reader.row(sql, (json.dumps(list(trees)),)) is not None


async def same_sources(reader: Reader, trees: Iterable[str], budget_seconds: float, gpu: str) -> list[Experiment]:
    """All experiments with one of these contents, in this budget and on this kind of device, whatever became of them."""
    rows = await reader.rows(
        "SELECT * FROM experiments WHERE tree IN (SELECT value FROM json_each(?)) AND budget_seconds = ? AND gpu = ?"
        " ORDER BY number",
        (json.dumps(sorted(set(trees))), budget_seconds, gpu),
    )
    return [records.experiment(row) for row in rows]


async def similar(reader: Reader, words: Sequence[str], tree: str, most: int) -> list[Experiment]:
    """The newest experiments whose changes name all of `words`, one for each content other than `tree`."""
    if not words:
        return []
    rows = await reader.rows(
        "SELECT experiments.* FROM experiments_text JOIN experiments ON number = experiments_text.rowid"
        " WHERE experiments_text MATCH ? AND tree <> ? ORDER BY experiments_text.rowid DESC LIMIT ?",
        (" AND ".join(f'changes : "{word}"' for word in words), tree, 10 * most),
    )
    newest_of_tree: dict[str, Experiment] = {}
    for row in rows:
        newest_of_tree.setdefault(row["tree"], records.experiment(row))
    return list(newest_of_tree.values())[:most]


async def mean_gpu_seconds(reader: Reader, setting: str) -> float | None:
    """What the newest scored experiments of a setting held a device for; None where none was scored."""
    row = await reader.row(
        "SELECT AVG(gpu_seconds) AS mean FROM (SELECT gpu_seconds FROM experiments"
        " WHERE setting = ? AND status = 'succeeded' ORDER BY number DESC LIMIT ?)",
        (setting, MEASURED),
    )
    return row["mean"] if row else None


async def ahead(reader: Reader, gpu: str) -> QueueAhead:
    """What is pending on a kind of device."""
    row = await reader.row(
        "SELECT COUNT(*) AS count, TOTAL(gpu_seconds) AS seconds FROM experiments"
        " WHERE status IN (SELECT value FROM json_each(?)) AND gpu = ?",
        (_PENDING, gpu),
    )
    return QueueAhead(row["count"], row["seconds"]) if row else QueueAhead(0, 0.0)


async def pending(reader: Reader) -> dict[Status, int]:
    """How many experiments are in each state that is not an end."""
    rows = await reader.rows(
        "SELECT status, COUNT(*) AS count FROM experiments WHERE status IN (SELECT value FROM json_each(?)) GROUP BY status",
        (_PENDING,),
    )
    return {Status(row["status"]): row["count"] for row in rows}


async def save_sources(tx: Transaction, sources: Iterable[KeptSource]) -> None:
    """Write sources down; those that are known stay as they are."""
    await tx.many(
        "INSERT OR IGNORE INTO sources (commit_hash, tree, changes, diffstat, knobs, flags) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (one.commit, one.tree, one.changes, one.diffstat, json.dumps(one.knobs), json.dumps(list(one.flags)))
            for one in sources
        ],
    )


async def save_grid(tx: Transaction, grid: NewGrid) -> int:
    """Write a grid down; gives its number."""
    return await tx.insert(
        "INSERT INTO grids (hypothesis, design, factors, theme, launched_by, launched_at) VALUES (?, ?, ?, ?, ?, ?)",
        (grid.hypothesis, grid.design, json.dumps(grid.factors), grid.theme, grid.launched_by, grid.launched_at),
    )


async def save_experiments(tx: Transaction, experiments: Iterable[Experiment]) -> None:
    """Queue experiments under the numbers that they have."""
    await tx.many(
        "INSERT INTO experiments (number, grid, variant, commit_hash, tree, base, purpose, hypothesis, theme, changes,"
        " overrides, launched_by, launched_at, priority, seed, replicate, setting, gpu, clock, budget_seconds, status,"
        " gpu_seconds, usd, flags)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_columns(experiment) for experiment in experiments],
    )


async def answer(reader: Reader, caller: str, request_id: str) -> str | None:
    """What was answered to a request, as JSON."""
    row = await reader.row("SELECT answer FROM requests WHERE caller = ? AND request_id = ?", (caller, request_id))
    return row["answer"] if row else None


async def save_answer(tx: Transaction, caller: str, request_id: str, answer: str) -> None:
    """Write down what a request is answered, as JSON."""
    await tx.insert("INSERT INTO requests (caller, request_id, answer) VALUES (?, ?, ?)", (caller, request_id, answer))


def _columns(experiment: Experiment) -> tuple[Any, ...]:
    return (
        experiment.number,
        experiment.grid,
        experiment.variant,
        experiment.commit,
        experiment.tree,
        experiment.base,
        experiment.purpose,
        experiment.hypothesis,
        experiment.theme,
        experiment.changes,
        json.dumps(experiment.overrides),
        experiment.launched_by,
        experiment.launched_at,
        experiment.priority,
        experiment.seed,
        experiment.replicate,
        experiment.setting,
        experiment.gpu,
        experiment.clock,
        experiment.budget_seconds,
        experiment.status,
        experiment.gpu_seconds,
        experiment.usd,
        json.dumps(list(experiment.flags)),
    )
