"""Asking experiments to end."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ...domain import PENDING, Status
from ..database import Reader, Transaction
from .filter import Filter

_PENDING = json.dumps(sorted(PENDING))


@dataclass(frozen=True, slots=True)
class ExperimentStatus:
    """How far an experiment is, and whose it is."""

    number: int
    status: Status
    launched_by: str


async def statuses(reader: Reader, wanted: Filter) -> list[ExperimentStatus]:
    """How far experiments are, in the order of their numbers."""
    condition, parameters = wanted.where()
    rows = await reader.rows(
        f"SELECT number, status, launched_by FROM experiments WHERE {condition} ORDER BY number",  # noqa: S608  a filter's own text
        parameters,
    )
    return [ExperimentStatus(row["number"], Status(row["status"]), row["launched_by"]) for row in rows]


async def ask_to_end(tx: Transaction, numbers: Iterable[int], reason: str) -> None:
    """Note why experiments are to end; those that are finished, or were asked before, stay as they are."""
    await tx.execute(
        "UPDATE experiments SET cancel_reason = ? WHERE number IN (SELECT value FROM json_each(?))"
        " AND status IN (SELECT value FROM json_each(?)) AND cancel_reason IS NULL",
        (reason, json.dumps(list(numbers)), _PENDING),
    )
