"""The values of a metric in the order in which a run gave them, and which of them counts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, cast

from ...contract.trainer_toml.metric import Metric
from ..output.printed_lines import as_number

MAX_DEPTH = 12
"""Tables and lists inside of one another through which a path of keys leads."""


class UnreadableError(ValueError):
    """A metric can't be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of a metric.

    Attributes:
        text: The value as it was written.
        line: The line that it was on, or what else shows where it comes from.
    """

    text: str
    line: str

    @property
    def number(self) -> float | None:
        """The value; None if the text is no number."""
        return as_number(self.text)


def choose(metric: Metric, samples: Iterable[Sample]) -> Sample | None:
    """The value that counts, by `value` of the metric; None if there is none.

    The last value is taken as it is. The best and a mean leave out what is no number. The best of values of which some are
    finite is finite; a mean of values of which one isn't finite isn't.
    """
    if metric.value == "last":
        last = None
        for sample in samples:
            last = sample
        return last
    every = list(samples)
    numbered = [(number, sample) for sample in every if (number := sample.number) is not None]
    if not numbered:
        return every[-1] if every else None
    if metric.value == "mean":
        numbers = [number for number, _ in numbered[-metric.last_k :]]
        shown = f"the mean of the last {len(numbers)} values is"
        mean = fmean(numbers) if all(map(math.isfinite, numbers)) else math.nan
        return Sample(repr(mean), f"{shown} {mean:.6g}")
    finite = [pair for pair in numbered if math.isfinite(pair[0])] or numbered
    best = min if metric.direction == "minimize" else max
    return best(finite, key=lambda pair: pair[0])[1]


def at_path(value: object, path: str, depth: int = 0) -> Iterator[Any]:
    """Every value that a path of keys leads to, such as `eval.loss`.

    A key with dots in it is found by its whole name first. A list stands for its elements, so that `log_history.loss` leads to
    the losses of all entries that have one; a number in the path is the place of one element.
    """
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        elements = cast("Sequence[object]", value)
        head, _, rest = path.partition(".")
        if head.isascii() and head.isdecimal():
            chosen = elements[int(head) : int(head) + 1]
            yield from (found for element in chosen for found in (at_path(element, rest, depth + 1) if rest else [element]))
        else:
            yield from (found for element in elements for found in at_path(element, path, depth + 1))
    elif isinstance(value, dict):
        table = cast("dict[str, object]", value)
        if path in table:
            yield table[path]
            return
        parts = path.split(".")
        for end in range(len(parts) - 1, 0, -1):
            head = ".".join(parts[:end])
            if head in table:
                yield from at_path(table[head], ".".join(parts[end:]), depth + 1)
                return


def as_text(value: object) -> str:
    """A value of JSON as a text of which `as_number` can tell whether it is a number."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)[:200]
