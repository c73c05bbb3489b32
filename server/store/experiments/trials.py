"""Everything that was tried, as analyses read it: knobs, scores and measures of many experiments, without their words."""

# ruff: noqa: S608  conditions are put together of this package's own text; values are parameters

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from anyio import to_thread

from ...domain import Failure, Purpose, RunStatus, Status, Verdict, is_comparable
from ..database import Reader, Row
from .filter import Filter
from .rows import COLUMNS


@dataclass(frozen=True, slots=True)
class TriedExperiment:
    """An experiment in figures.

    Attributes:
        knobs: Of its source, all of them, as JSON has them.
        stratum: None without a score that can be compared.
        score: None without one, and where it is out of range: it would overflow in a sum of squares with the others.
        gain: Against the reference of its stratum, as last judged.
        is_out_of_range: It has a score, which can't be compared with others.
        seconds: Of its result: `startup`, `training`, `evaluation`, `held`; empty until there is one.
        measures: Of its result: `steps`, `tokens`, `parameters`, `peak_memory_bytes`, …
        metrics: Of its result: the metrics that it isn't judged by.
    """

    number: int
    grid: int | None
    variant: str
    commit: str
    tree: str
    purpose: Purpose
    changes: str
    seed: int
    setting: str
    gpu: str
    budget_seconds: float
    status: Status
    failure: Failure | None
    verdict: Verdict
    stratum: int | None
    score: float | None
    gain: float | None
    knobs: Mapping[str, Any]
    attempts: int
    gpu_seconds: float
    usd: float
    started_at: float | None
    finished_at: float | None
    seconds: Mapping[str, Any]
    measures: Mapping[str, Any]
    metrics: Mapping[str, Any]
    is_out_of_range: bool = False


@dataclass(frozen=True, slots=True)
class SlotInterval:
    """A run on a slot, from when it was taken to when it was let go."""

    experiment: int
    pool: str
    status: RunStatus
    began: float
    ended: float | None


_SHARED = [column for column in COLUMNS if column.field in {field.name for field in fields(TriedExperiment)}]
"""The columns of an experiment that a trial has, too."""
_SELECTED = ", ".join(
    [
        *(f"e.{column.name} AS {column.name}" for column in _SHARED),
        "failure",
        "knobs",
        "result ->> '$.seconds' AS seconds",
        "result ->> '$.measures' AS measures",
        "result ->> '$.metrics' AS metrics",
    ]
)
_FROM = "FROM experiments AS e JOIN sources USING (commit_hash)"


@dataclass(frozen=True, slots=True)
class TriedExperiments:
    """The newest experiments of a selection.

    Attributes:
        newest: In the order of their numbers.
        older: How many more the selection has, all of them older.
    """

    newest: Sequence[TriedExperiment]
    older: int = 0


async def trials(reader: Reader, wanted: Filter, most: int) -> TriedExperiments:
    """Returns the newest experiments of a selection, at most `most`."""
    condition, parameters = wanted.where()
    rows = await reader.rows(f"SELECT {_SELECTED} {_FROM} WHERE {condition} ORDER BY number DESC LIMIT ?", (*parameters, most))
    older = 0
    if len(rows) == most:
        counted = await reader.row(f"SELECT count(*) FROM experiments WHERE {condition}", parameters)
        older = max(0, (counted[0] if counted else 0) - most)
    return TriedExperiments(await _read_rows(rows), older)


async def trials_in(reader: Reader, setting: str, most: int) -> list[TriedExperiment]:
    """Returns the newest experiments of a setting, at most `most`, in the order of their numbers."""
    rows = await reader.rows(f"SELECT {_SELECTED} {_FROM} WHERE setting = ? ORDER BY number DESC LIMIT ?", (setting, most))
    return await _read_rows(rows)


async def older_baseline(reader: Reader, setting: str, before: int, most: int) -> list[TriedExperiment]:
    """Returns the newest baseline replicates of a setting with a number below `before`, in the order of their numbers."""
    rows = await reader.rows(
        f"SELECT {_SELECTED} {_FROM} WHERE setting = ? AND purpose = 'baseline' AND number < ? ORDER BY number DESC LIMIT ?",
        (setting, before, most),
    )
    return await _read_rows(rows)


async def _read_rows(newest_first: Sequence[Row]) -> list[TriedExperiment]:
    """Reads rows in a thread, because thousands of them would hold the process's other callers."""
    return await to_thread.run_sync(lambda: [_tried(row) for row in reversed(newest_first)])


async def slot_intervals(reader: Reader, experiments: Sequence[int]) -> list[SlotInterval]:
    """When the runs of experiments held a slot, the earliest first."""
    rows = await reader.rows(
        "SELECT experiment, pool, status, created_at, finished_at FROM runs"
        " WHERE experiment IN (SELECT value FROM json_each(?)) ORDER BY created_at, experiment",
        (json.dumps(list(experiments)),),
    )
    return [
        SlotInterval(row["experiment"], row["pool"], RunStatus(row["status"]), row["created_at"], row["finished_at"])
        for row in rows
    ]


def _tried(row: Row) -> TriedExperiment:
    values = {column.field: column.read(row[column.name]) for column in _SHARED}
    is_out_of_range = values["score"] is not None and not is_comparable(values["score"])
    if is_out_of_range:
        values |= {"score": None, "stratum": None, "gain": None}
    return TriedExperiment(
        **values,
        is_out_of_range=is_out_of_range,
        failure=Failure(row["failure"]) if row["failure"] else None,
        knobs=_table(row["knobs"]),
        seconds=_table(row["seconds"]),
        measures=_table(row["measures"]),
        metrics=_table(row["metrics"]),
    )


@lru_cache(maxsize=1024)
def _table(text: str | None) -> Mapping[str, Any]:
    return json.loads(text) if text else {}
