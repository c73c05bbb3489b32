"""The table of experiments: its columns, written down once, and the records that they become.

A new column of an experiment needs a field of `domain.Experiment`, an entry of `COLUMNS`, the column in `schema.sql`, and a
migration that adds it to the databases of existing labs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...domain import Experiment, Failure, FailureDetail, Purpose, Status, Verdict
from .. import facts
from ..database import Reader, Row, Transaction


def _same(value: Any) -> Any:  # noqa: ANN401  whatever a column holds
    return value


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `experiments` that is a field of `Experiment`.

    Attributes:
        field: The field's name.
        name: The column's name.
        at_launch: Written when the experiment is queued. The others have a default in the schema and are set later.
        read: Makes the field's value of the column's.
        write: Makes the column's value of the field's.
    """

    field: str
    name: str
    at_launch: bool
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


def _column(
    field: str,
    name: str = "",
    *,
    at_launch: bool = True,
    read: Callable[[Any], Any] = _same,
    write: Callable[[Any], Any] = _same,
) -> Column:
    return Column(field, name or field, at_launch, read, write)


def _list_as_json(values: Sequence[Any]) -> str:
    return json.dumps(list(values))


COLUMNS: tuple[Column, ...] = (
    _column("number"),
    _column("grid"),
    _column("variant"),
    _column("commit", "commit_hash"),
    _column("tree"),
    _column("base"),
    _column("purpose", read=Purpose),
    _column("hypothesis"),
    _column("theme"),
    _column("changes"),
    _column("overrides", read=json.loads, write=json.dumps),
    _column("launched_by"),
    _column("launched_at"),
    _column("priority"),
    _column("seed"),
    _column("replicate"),
    _column("setting"),
    _column("gpu"),
    _column("clock"),
    _column("budget_seconds"),
    _column("status", read=Status),
    _column("gpu_seconds"),
    _column("usd"),
    _column("flags", read=json.loads, write=_list_as_json),
    _column("plan"),
    _column("attempts", at_launch=False),
    _column("score", at_launch=False),
    _column("stratum", at_launch=False),
    _column("verdict", at_launch=False, read=Verdict),
    _column("reason", at_launch=False),
    _column("gain", at_launch=False),
    _column("cancel_reason", at_launch=False),
    _column("started_at", at_launch=False),
    _column("finished_at", at_launch=False),
    _column("result", at_launch=False, read=json.loads),
)
"""Every column that is one field. `failure`, `failed` and `doubt` are read together with others: see `experiment_record`."""

_AT_LAUNCH = [column for column in COLUMNS if column.at_launch]
_INSERT = (
    f"INSERT INTO experiments ({', '.join(column.name for column in _AT_LAUNCH)}, nonce)"  # noqa: S608  this module's names
    f" VALUES ({', '.join(f':{column.name}' for column in _AT_LAUNCH)}, lower(hex(randomblob(16))))"
)


def experiment_record(row: Row) -> Experiment:
    """Returns the experiment of a row of `experiments`, all columns selected."""
    fields = {column.field: column.read(row[column.name]) for column in COLUMNS}
    doubt = [row["doubt"]] if row["doubt"] else []
    fields["flags"] = (*fields["flags"], *fields["result"].get("flags", ()), *doubt)
    return Experiment(**fields, failed=_failure(row))


def _failure(row: Row) -> FailureDetail | None:
    if row["failure"] is None:
        return None
    detail: Mapping[str, Any] = json.loads(row["failed"] or "{}")
    return FailureDetail(
        Failure(row["failure"]), detail.get("message", ""), tuple(detail.get("lines", ())), detail.get("next_step", "")
    )


async def save_experiments(tx: Transaction, experiments: Iterable[Experiment]) -> None:
    """Queue experiments under the numbers that they have."""
    await tx.many(
        _INSERT,
        [{column.name: column.write(getattr(each, column.field)) for column in _AT_LAUNCH} for each in experiments],
    )


async def find_experiment(reader: Reader, number: int) -> Experiment | None:
    """Returns one experiment, or None if no experiment has this number."""
    row = await reader.row("SELECT * FROM experiments WHERE number = ?", (number,))
    return experiment_record(row) if row else None


async def find_experiments(reader: Reader, numbers: Sequence[int]) -> list[Experiment]:
    """Returns experiments in the order of their numbers given; those that don't exist are left out."""
    rows = await reader.rows(
        "SELECT * FROM experiments WHERE number IN (SELECT value FROM json_each(?))", (_list_as_json(numbers),)
    )
    by_number = {row["number"]: experiment_record(row) for row in rows}
    return [by_number[number] for number in numbers if number in by_number]


async def next_finished(reader: Reader, after: int, most: int) -> list[Experiment]:
    """Return finished experiments by number, beginning after a number."""
    # `+finished_seq` keeps SQLite from the index on the order of finishing, which would sort the whole table by number.
    rows = await reader.rows(
        "SELECT * FROM experiments WHERE number > ? AND +finished_seq IS NOT NULL ORDER BY number LIMIT ?", (after, most)
    )
    return [experiment_record(row) for row in rows]


async def newest_number(reader: Reader) -> int:
    """Returns the number of the newest experiment, 0 if the lab has none."""
    row = await reader.row("SELECT MAX(number) AS newest FROM experiments")
    return (row["newest"] if row else None) or 0


async def last_used_number(reader: Reader) -> int:
    """Returns the number behind which the next experiment is numbered: 0 for a new lab.

    It is larger than `newest_number` where run folders show experiments that the database has lost: see `run_numbers`.
    """
    lost = await facts.fact(reader, facts.LAST_LOST_NUMBER)
    return max(await newest_number(reader), int(lost or 0))
