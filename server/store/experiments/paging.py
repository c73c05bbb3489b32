"""Experiments as a table: filtered, in an order, a page at a time.

Everything but the page itself is read from two indexes, `experiments_best` and `experiments_listing`, that hold every column a
filter needs: a row of the table is some kilobytes wide.
"""

# ruff: noqa: S608  conditions are put together of this package's own text; values are parameters

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..comparison.source_scores import COMPARABLE
from ..database import Reader
from .filter import Filter

BEST = "experiments_best"
LISTING = "experiments_listing"

NumberedTable = Literal["experiments", "grids", "validations"]
"""A table whose rows have ids."""


@dataclass(frozen=True, slots=True)
class SortSegment:
    """A part of an order that one scan of an index returns. An order consists of several segments, one after the other.

    Attributes:
        name: Its name in a cursor, different from those of the other segments.
        condition: The SQL condition of its rows; `values` are its parameters.
        keys: The columns that it is sorted by; the last is `number`. None of them is null in its rows.
        index: The index that is scanned.
        is_of_metric: Its rows are those of `metric_values`, with their experiments.
    """

    name: str
    condition: str
    keys: Sequence[str]
    descending: bool
    index: str = LISTING
    values: Sequence[Any] = ()
    is_of_metric: bool = False

    @property
    def table(self) -> str:
        """What its rows are selected from."""
        # CROSS JOIN keeps this order: the values are few, and sorted.
        return "metric_values CROSS JOIN experiments" if self.is_of_metric else f"experiments INDEXED BY {self.index}"


@dataclass(frozen=True, slots=True)
class PageCursor:
    """Where an experiment stands in an order.

    Attributes:
        stretch: The name of the segment.
        keys: The values of the segment's keys.
    """

    stretch: str
    keys: Sequence[Any]

    @property
    def number(self) -> int:
        """The number of the experiment."""
        return int(self.keys[-1])


def best_first(strata: Sequence[int], *, lower_is_better: bool, worst: bool = False) -> list[SortSegment]:
    """Return the order by score, stratum by stratum, the newest first, because scores compare within a stratum only.

    Last come experiments without a score, and those whose score is out of range, which is compared with no other.
    """
    descending = lower_is_better == worst
    # `score IS NOT NULL` is the condition of the index: without these words SQLite doesn't use it.
    condition = f"score IS NOT NULL AND {COMPARABLE} AND stratum = ?"
    scored = [
        SortSegment(f"s{number}", condition, ("score", "number"), descending, BEST, (number,))
        for number in sorted(strata, reverse=True)
    ]
    return [*scored, _newest("unscored", f"(score IS NULL OR NOT {COMPARABLE})")]


def by_columns(columns: Sequence[str], *, descending: bool) -> list[SortSegment]:
    """Return the order by columns of `experiments_listing`, then by number. Rows whose first column is null come last."""
    first = columns[0]
    return [
        SortSegment("known", f"{first} IS NOT NULL", (*columns, "number"), descending),
        _newest("unknown", f"{first} IS NULL"),
    ]


def by_metric(strata: Sequence[int], name: str, *, descending: bool) -> list[SortSegment]:
    """Return the order by a metric, stratum by stratum, the newest first.

    Experiments without the metric, or without a score, come last.
    """
    condition = "number = experiment AND name = ? AND stratum = ? AND score IS NOT NULL"
    measured = [
        SortSegment(f"s{number}", condition, ("value", "number"), descending, values=(name, number), is_of_metric=True)
        for number in sorted(strata, reverse=True)
    ]
    without = "(score IS NULL OR stratum IS NULL OR number NOT IN (SELECT experiment FROM metric_values WHERE name = ?))"
    return [*measured, SortSegment("without", without, ("number",), descending=True, values=(name,))]


def by_number(*, descending: bool) -> list[SortSegment]:
    """Return the order of launching."""
    return [SortSegment("all", "TRUE", ("number",), descending)]


async def page(
    reader: Reader, wanted: Filter, order: Sequence[SortSegment], limit: int, after: PageCursor | None = None
) -> list[PageCursor]:
    """Return the places of the next experiments in an order.

    Args:
        reader: The lab's database.
        wanted: The filter.
        order: The segments of the order, in turn.
        limit: The largest number of experiments.
        after: The place at which the previous page ended.
    """
    places: list[PageCursor] = []
    rest = list(order)
    if after is not None:
        names = [stretch.name for stretch in order]
        rest = rest[names.index(after.stretch) :]
    for stretch in rest:
        start = after if after is not None and after.stretch == stretch.name else None
        places += await _scan(reader, wanted, stretch, limit - len(places), start)
        if len(places) >= limit:
            break
    return places


async def count(reader: Reader, wanted: Filter) -> int:
    """Return the number of experiments that a filter selects."""
    condition, parameters = wanted.where()
    row = await reader.row(f"SELECT count(*) FROM experiments INDEXED BY {LISTING} WHERE {condition}", parameters)
    return int(row[0]) if row else 0


async def count_by_verdict(reader: Reader, wanted: Filter) -> dict[str, int]:
    """Return the number of experiments that a filter selects, for each verdict, the most frequent first."""
    condition, parameters = wanted.where()
    rows = await reader.rows(
        f"SELECT verdict, count(*) AS number FROM experiments INDEXED BY {LISTING} WHERE {condition}"
        " GROUP BY verdict ORDER BY number DESC, verdict",
        parameters,
    )
    return {row["verdict"]: int(row["number"]) for row in rows}


async def unknown(reader: Reader, table: NumberedTable, numbers: Sequence[int]) -> list[int]:
    """Return those of the numbers that don't exist in a table."""
    sql = f"SELECT value FROM json_each(?) WHERE value NOT IN (SELECT number FROM {table})"
    return [row[0] for row in await reader.rows(sql, (json.dumps(numbers),))]


async def newest(reader: Reader, table: NumberedTable) -> int:
    """Return the largest number in a table, 0 if it is empty."""
    row = await reader.row(f"SELECT MAX(number) AS newest FROM {table}")
    return (row["newest"] if row else None) or 0


async def _scan(reader: Reader, wanted: Filter, stretch: SortSegment, limit: int, after: PageCursor | None) -> list[PageCursor]:
    condition, parameters = wanted.where()
    parameters = [*stretch.values, *parameters]
    start = ""
    if after is not None:
        sign = "<" if stretch.descending else ">"
        start = f" AND ({', '.join(stretch.keys)}) {sign} ({', '.join('?' * len(stretch.keys))})"
        parameters = [*parameters, *after.keys]
    direction = " DESC" if stretch.descending else ""
    rows = await reader.rows(
        f"SELECT {', '.join(stretch.keys)} FROM {stretch.table}"
        f" WHERE {stretch.condition} AND {condition}{start}"
        f" ORDER BY {', '.join(key + direction for key in stretch.keys)} LIMIT ?",
        [*parameters, limit],
    )
    return [PageCursor(stretch.name, tuple(row)) for row in rows]


def _newest(name: str, condition: str) -> SortSegment:
    return SortSegment(name, condition, ("number",), descending=True)
