"""Longer horizons that may still come: whose checkpoints they may need, and whose nobody needs any more."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ...domain import PENDING
from ..database import Reader

_HAS_HORIZON = "EXISTS (SELECT 1 FROM stages WHERE stages.validation = validations.number AND stages.kind = 'horizon')"


@dataclass(frozen=True, slots=True)
class FinishedMember:
    """An experiment of a validation that is over.

    Attributes:
        number: Its number.
        attempts: How many runs it had.
    """

    number: int
    attempts: int


async def needed_later(reader: Reader, experiments: Iterable[int]) -> set[int]:
    """Return those that have succeeded and whose validation isn't over and has a longer horizon planned behind their stage."""
    rows = await reader.rows(
        "SELECT number FROM experiments AS e WHERE number IN (SELECT value FROM json_each(?)) AND status = 'succeeded'"
        " AND EXISTS (SELECT 1 FROM validations AS v INDEXED BY validations_open"
        # CROSS JOIN has SQLite begin with the open validations, which are few, and not with all stages.
        " CROSS JOIN pairs ON pairs.validation = v.number AND e.number IN (pairs.candidate, pairs.against)"
        " CROSS JOIN stages ON stages.validation = v.number AND stages.place > pairs.stage AND stages.kind = 'horizon'"
        " WHERE v.finished_seq IS NULL)",
        (json.dumps(list(experiments)),),
    )
    return {row["number"] for row in rows}


async def last_finished(reader: Reader) -> int:
    """Return the newest `finished_seq` of all validations; 0 if none is finished."""
    row = await reader.row("SELECT coalesce(max(finished_seq), 0) AS newest FROM validations")
    return int(row["newest"]) if row else 0


async def finished_members(reader: Reader, after: int) -> list[FinishedMember]:
    """Return the experiments, of validations with longer horizons, that nobody goes on from any more.

    Args:
        reader: The database.
        after: The validations that finished after this one are read: a `finished_seq`.

    Returns:
        Those that have ended, of validations that are over.
    """
    rows = await reader.rows(
        "SELECT experiments.number, attempts FROM validations JOIN paired ON validation = validations.number"  # noqa: S608  this module's text
        f" JOIN experiments ON experiments.number = experiment WHERE validations.finished_seq > ? AND {_HAS_HORIZON}"
        " AND status NOT IN (SELECT value FROM json_each(?)) ORDER BY experiments.number",
        (after, json.dumps(sorted(PENDING))),
    )
    return [FinishedMember(row["number"], row["attempts"]) for row in rows]
