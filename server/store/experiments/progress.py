"""The progress of a selection of experiments: how many finished, which are pending, and which failures they had.

The hints name the index that holds every column of a filter: a row of the table is some kilobytes wide, so that an index whose
rows have to be looked up takes many times as long.
"""

# ruff: noqa: S608  conditions are put together of this package's own text; values are parameters

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...domain import PENDING, Failure, Status
from ..database import Reader
from .filter import Filter
from .paging import LISTING

STATUS = "experiments_status"
FAILURE = "experiments_failure"
_PENDING = json.dumps(sorted(PENDING))


@dataclass(frozen=True, slots=True)
class Failures:
    """Failures of one kind.

    Attributes:
        example: The newest experiment with this failure.
    """

    kind: Failure
    count: int
    example: int


async def finished(reader: Reader, wanted: Filter) -> tuple[int, int | None]:
    """Return how many experiments have finished, and the `finished_seq` of the last of them."""
    condition, parameters = wanted.where()
    row = await reader.row(
        f"SELECT count(*), max(finished_seq) FROM experiments INDEXED BY {LISTING}"
        f" WHERE finished_seq IS NOT NULL AND {condition}",
        parameters,
    )
    return (row[0], row[1]) if row else (0, None)


async def pending(reader: Reader, wanted: Filter) -> Mapping[Status, Sequence[int]]:
    """Return the numbers of pending experiments by status."""
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
    """Return the kinds of failure, the most frequent first."""
    condition, parameters = wanted.where()
    index = FAILURE if wanted == Filter() else LISTING
    rows = await reader.rows(
        f"SELECT failure, count(*) AS count, max(number) AS example FROM experiments INDEXED BY {index}"
        f" WHERE failure IS NOT NULL AND {condition} GROUP BY failure ORDER BY count DESC, failure",
        parameters,
    )
    return [Failures(Failure(row["failure"]), row["count"], row["example"]) for row in rows]
