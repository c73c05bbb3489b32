"""Drift: whether scores change with time alone, because of wear, a new driver, or changed data.

The baseline's replicates are spread over time (`policy.baseline_due`), so a trend in them is a trend in all scores.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression

from .. import student_t

MIN_REPLICATES = 6
"""Fewer replicates give no trend."""
SIGNIFICANCE = 0.01
"""Significance level. It is small because the test is repeated with every new replicate."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A trend of the baseline's scores.

    Attributes:
        per_day: Slope, in units of the metric.
        p: Two-sided p value of the slope.
        suspected: Whether p is below the significance level.
    """

    per_day: float
    p: float
    suspected: bool


def drift(times: Sequence[float], scores: Sequence[float]) -> Drift | None:
    """Returns the trend of one source's scores over time: least squares with Student's t, as in `scipy.stats.linregress`.

    Args:
        times: When each replicate finished, as a Unix time.
        scores: The replicates' scores, each on a seed of its own.

    Returns:
        None for fewer than six replicates, or if all times or all scores are equal.
    """
    if len(scores) < MIN_REPLICATES or len(set(times)) < 2 or len(set(scores)) < 2:
        return None
    slope, intercept = linear_regression(times, scores)
    residuals = math.fsum((score - intercept - slope * time) ** 2 for time, score in zip(times, scores, strict=True))
    centre = math.fsum(times) / len(times)
    degrees = len(scores) - 2
    error = math.sqrt(residuals / degrees / math.fsum((time - centre) ** 2 for time in times))
    p = 2 * student_t.upper_tail(abs(slope) / error, degrees) if error else 0.0
    return Drift(slope * 86400, p, p < SIGNIFICANCE)
