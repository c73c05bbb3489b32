"""What waiting asks: what finished, what is left, what failed and how, what is held back."""

# ruff: noqa: S608  conditions are put together of this package's own text; values are parameters

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...domain import PENDING, Experiment, Failure, Run, Status
from ..database import Reader
from ..running.queue import SCOPE
from . import rows as records
from .pages import LISTING, Filter

STATUS = "experiments_status"
FAILURE = "experiments_failure"
_PENDING = json.dumps(sorted(PENDING))


@dataclass(frozen=True, slots=True)
class Failures:
    """Failures of one kind.

    Attributes:
        example: The newest experiment that failed so.
    """

    kind: Failure
    count: int
    example: int


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


async def finished(reader: Reader, wanted: Filter) -> tuple[int, int | None]:
    """How many are finished, and the `finished_seq` of the last of them."""
    condition, parameters = wanted.where()
    row = await reader.row(
        f"SELECT count(*), max(finished_seq) FROM experiments INDEXED BY {LISTING}"
        f" WHERE finished_seq IS NOT NULL AND {condition}",
        parameters,
    )
    return (row[0], row[1]) if row else (0, None)


async def pending(reader: Reader, wanted: Filter) -> Mapping[Status, Sequence[int]]:
    """The experiments in each state that is not an end."""
    condition, parameters = wanted.where()
    rows = await reader.rows(
        f"SELECT status, number FROM experiments INDEXED BY {STATUS}"
        f" WHERE status IN (SELECT value FROM json_each(?)) AND {condition}",
        [_PENDING, *parameters],
    )
    states: dict[Status, list[int]] = {}
    for row in rows:
        states.setdefault(Status(row["status"]), []).append(row["number"])
    return states


async def failures(reader: Reader, wanted: Filter) -> list[Failures]:
    """The kinds of failure, the most frequent first."""
    condition, parameters = wanted.where()
    index = FAILURE if wanted == Filter() else LISTING
    rows = await reader.rows(
        f"SELECT failure, count(*) AS count, max(number) AS example FROM experiments INDEXED BY {index}"
        f" WHERE failure IS NOT NULL AND {condition} GROUP BY failure ORDER BY count DESC, failure",
        parameters,
    )
    return [Failures(Failure(row["failure"]), row["count"], row["example"]) for row in rows]


async def holds(reader: Reader) -> list[Hold]:
    """The storms under which something waits, the newest first."""
    rows = await reader.rows(
        "SELECT holds.number AS hold, holds.failure, holds.reason, experiments.number"
        f" FROM holds JOIN experiments ON {SCOPE} = scope"
        " WHERE status = 'queued' AND launched_at <= since ORDER BY since DESC, experiments.number"
    )
    storms: dict[int, Hold] = {}
    for row in rows:
        storm = storms.setdefault(row["hold"], Hold(row["hold"], Failure(row["failure"]), row["reason"]))
        storm.experiments.append(row["number"])
    return list(storms.values())


async def runs_of(reader: Reader, experiment: int) -> list[Run]:
    """The attempts at an experiment, in their order."""
    rows = await reader.rows("SELECT * FROM runs WHERE experiment = ? ORDER BY attempt", (experiment,))
    return [records.run(row) for row in rows]


async def replicates(reader: Reader, experiment: Experiment) -> list[Experiment]:
    """Experiments on the same source in the same setting, with other seeds; the first twenty."""
    rows = await reader.rows(
        "SELECT * FROM experiments WHERE tree = ? AND setting = ? AND number <> ? ORDER BY replicate LIMIT 20",
        (experiment.tree, experiment.setting, experiment.number),
    )
    return [records.experiment(row) for row in rows]


async def queued_by_gpu(reader: Reader) -> dict[str, int]:
    """How many experiments wait for each kind of device."""
    rows = await reader.rows("SELECT gpu, count(*) AS count FROM experiments WHERE status = 'queued' GROUP BY gpu")
    return {row["gpu"]: row["count"] for row in rows}
