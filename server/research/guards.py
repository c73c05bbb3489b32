"""Guards: limits on other metrics that every improvement has to keep, such as an accuracy of at least 0.9.

A result that breaks a guard is no improvement, however good its score is. Metrics vary with the seed as scores do, so the mean
over a source's seeds is compared with the limit. Where the reference itself is beyond the limit, a source has to be no worse
than the reference: otherwise nothing could be an improvement there until the limit is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from typing_extensions import override

from ..domain import Guard, Metric

BROKEN = "guard_broken"
"""The word with which a reason begins that names a broken guard."""
Values = Mapping[str, float | None]
"""The metrics of one run, by name. None, or no entry, stands for one that it didn't give."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A guard that a source breaks.

    Attributes:
        guard: The guard.
        value: The mean over the source's seeds; None if a run didn't give the metric.
        reference: The reference's mean, where that is the limit; otherwise None.
    """

    guard: Guard
    value: float | None
    reference: float | None = None

    @override
    def __str__(self) -> str:
        """Which guard, the value and the limit: `l0 is 48 and has to be at most 32`."""
        if self.value is None:
            return f"{self.guard.metric} is missing and has to be {self.guard.limit}"
        more = "" if self.reference is None else f" (the reference has {self.reference:.4g}, and no more is allowed than that)"
        return f"{self.guard.metric} is {self.value:.4g} and has to be {self.guard.limit}{more}"


def breaches(metric: Metric, runs: Sequence[Values], reference: Sequence[Values] = ()) -> list[Breach]:
    """Return the guards that a source breaks.

    Args:
        metric: It has the guards.
        runs: The metrics of the source's runs, at least one.
        reference: Those of the reference's runs in the same stratum.
    """
    found: list[Breach] = []
    for guard in metric.guards:
        value, limit = _mean(guard, runs), _mean(guard, reference)
        if value is None:
            found.append(Breach(guard, None))
        elif guard.excess(value) > 0:
            lenient = limit if limit is not None and guard.excess(limit) > 0 else None
            if lenient is None or guard.excess(value) > guard.excess(lenient):
                found.append(Breach(guard, value, lenient))
    return found


def is_broken(metric: Metric, values: Values) -> bool:
    """Return whether a single run is beyond a limit, or lacks a metric that has one."""
    return any((value := values.get(guard.metric)) is None or guard.excess(value) > 0 for guard in metric.guards)


def sentence(found: Iterable[Breach]) -> str:
    """Return the reason for which a source is no improvement: `guard_broken: l0 is 48 and has to be at most 32`."""
    return f"{BROKEN}: {'; '.join(map(str, found))}"


def values_of(metric: Metric, score: float | None, metrics: Values) -> Values:
    """Return the metrics of a run with the one that it is judged by."""
    return {**metrics, metric.name: score} if score is not None else metrics


def _mean(guard: Guard, runs: Sequence[Values]) -> float | None:
    """The mean over runs; None if one of them lacks the metric, or there are none."""
    values = [value for run in runs if (value := run.get(guard.metric)) is not None]
    return fmean(values) if values and len(values) == len(runs) else None
