"""Everything that was tried, as analyses read it: knobs, scores and measures of many experiments, without their words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

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
    ]
)
_FROM = "FROM experiments AS e JOIN sources USING (commit_hash)"


async def trials(reader: Reader, wanted: Filter) -> list[TriedExperiment]:
    """Experiments in the order of their numbers."""
    condition, parameters = wanted.where()
    return [
        _tried(row) for row in await reader.rows(f"SELECT {_SELECTED} {_FROM} WHERE {condition} ORDER BY number", parameters)
    ]


async def trials_in(reader: Reader, setting: str) -> list[TriedExperiment]:
    """The experiments of a setting in the order of their numbers."""
    rows = await reader.rows(f"SELECT {_SELECTED} {_FROM} WHERE setting = ? ORDER BY number", (setting,))
    return [_tried(row) for row in rows]


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
    )


@lru_cache(maxsize=1024)
def _table(text: str | None) -> Mapping[str, Any]:
    return json.loads(text) if text else {}
