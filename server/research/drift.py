"""Whether scores move with time alone: a machine that wears, a driver that changed, data that was touched.

The baseline's replicates are interleaved with experiments (`policy.baseline_due`), so that a trend in them is a trend in
everything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression

from . import student_t

REPLICATES = 6
"""Without which no trend is told."""
LEVEL = 0.01
"""At which a trend is one: it is looked at again and again."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A trend of the baseline's scores.

    Attributes:
        per_day: In units of the metric.
        p: Two-sided, that of the slope of a straight line.
        suspected: It is more than chance explains.
    """

    per_day: float
    p: float
    suspected: bool


def drift(times: Sequence[float], scores: Sequence[float]) -> Drift | None:
    """The trend of one source's scores over time, by least squares with Student's t, as `scipy.stats.linregress` has it.

    Args:
        times: When each replicate finished, as a Unix time.
        scores: Of the replicates, each on a seed of its own.

    Returns:
        None for fewer than six replicates, or where all times or all scores are the same.
    """
    if len(scores) < REPLICATES or len(set(times)) < 2 or len(set(scores)) < 2:
        return None
    slope, intercept = linear_regression(times, scores)
    residuals = math.fsum((score - intercept - slope * time) ** 2 for time, score in zip(times, scores, strict=True))
    centre = math.fsum(times) / len(times)
    degrees = len(scores) - 2
    error = math.sqrt(residuals / degrees / math.fsum((time - centre) ** 2 for time in times))
    p = 2 * student_t.upper_tail(abs(slope) / error, degrees) if error else 0.0
    return Drift(slope * 86400, p, p < LEVEL)
