"""Ids of experiments, grids, validations and runs: `e0042`, `g007`, `v003`, `e0042-1`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from .errors import BadInputError


def experiment_id(number: int) -> str:
    """Return `e0042` for 42."""
    return f"e{number:04d}"


def grid_id(number: int) -> str:
    """Return `g007` for 7."""
    return f"g{number:03d}"


def message_id(number: int) -> str:
    """The name of a message of the person: `m003`."""
    return f"m{number:03d}"


def plan_id(number: int) -> str:
    """The name of a plan of spending: `p003`."""
    return f"p{number:03d}"


def validation_id(number: int) -> str:
    """Return `v003` for 3."""
    return f"v{number:03d}"


def run_id(experiment: int, attempt: int) -> str:
    """Return `e0042-1` for the first attempt at experiment 42."""
    return f"{experiment_id(experiment)}-{attempt}"


_ID = re.compile(r"([egv]?)0*(\d{1,9})", re.IGNORECASE)
_RANGE = re.compile(r"e?0*(\d{1,9})\s*(?:-|\.\.)\s*e?0*(\d{1,9})", re.IGNORECASE)

MAX_RANGE = 1_000_000
"""Maximum number of experiments in one range."""


class Ids(NamedTuple):
    """The numbers of experiments, grids and validations that ids name."""

    experiments: list[int]
    grids: list[int]
    validations: list[int]


def parse_ids(ids: Iterable[str]) -> Ids:
    """Return the numbers of the experiments, grids and validations that ids name.

    Args:
        ids: `e0042`, `g007`, `v003`, or a range `e0001-e0008` as answers write them; in upper or lower case, with or without
            leading zeros. A number alone is an experiment. A text may hold several, with commas between them.

    Raises:
        BadInputError: A text is not an id, or a range is longer than `MAX_RANGE` or ends before it begins.
    """
    numbers = Ids([], [], [])
    kinds = {"e": numbers.experiments, "g": numbers.grids, "v": numbers.validations}
    for text in (part.strip() for named in ids for part in named.strip(", ").split(",")):
        if span := _RANGE.fullmatch(text):
            first, last = int(span[1]), int(span[2])
            if last < first:
                raise BadInputError(
                    f"{text!r} is a range that ends before it begins", "Name an experiment without its run, such as e0042"
                )
            if last - first >= MAX_RANGE:
                raise BadInputError(f"{text!r} names {last - first + 1:,} experiments", f"A range has {MAX_RANGE:,} at most")
            numbers.experiments.extend(range(first, last + 1))
        elif name := _ID.fullmatch(text):
            kinds[name[1].lower() or "e"].append(int(name[2]))
        else:
            raise BadInputError(
                f"{text!r} is not an id",
                "An experiment is e0042, a grid g007, a validation v003, a range e0001-e0008; get_results lists what exists",
            )
    return numbers


def id_ranges(numbers: Iterable[int]) -> list[str]:
    """Return experiments as ranges: `["e0001-e0008", "e0011"]`."""
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return [experiment_id(low) if low == high else f"{experiment_id(low)}-{experiment_id(high)}" for low, high in spans]
