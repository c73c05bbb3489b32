"""Drift: whether scores change with time alone, because of wear, a new driver, or changed data.

The baseline's replicates are spread over time (`policy.baseline_due`), so a trend in them is a trend in all scores.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression

from .. import student_t

SECONDS_PER_DAY = 86400.0
MIN_REPLICATES = 6
"""Fewer replicates give no trend."""
MIN_SPAN_SECONDS = 3600.0
"""Replicates of a shorter time give no trend: wear, drivers and data change slowly, and minutes say nothing of a day."""
MIN_CHANGE = 1.0
"""Standard deviations between replicates that a suspected drift has changed the scores by, over the time of the replicates."""
SIGNIFICANCE = 0.0001
"""Significance level of one look. The test is repeated with every new replicate: of a hundred steady baselines with up to 500
replicates, fewer than one is ever suspected at this level, and 28 at a level of 0.01."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A trend of the baseline's scores.

    Attributes:
        per_day: Slope, in units of the metric.
        days: The time from the first replicate to the last.
        t: The slope, by its standard error.
        degrees: The degrees of freedom of `t`.
        sd: Standard deviation of the scores around the trend.
    """

    per_day: float
    days: float
    t: float
    degrees: int
    sd: float

    @property
    def change(self) -> float:
        """The change from the first replicate to the last, in units of the metric."""
        return self.per_day * self.days

    @property
    def p(self) -> float:
        """The two-sided p value of the slope."""
        return 2 * student_t.upper_tail(abs(self.t), self.degrees) if math.isfinite(self.t) else 0.0

    @property
    def suspected(self) -> bool:
        """Whether p is below the significance level, and the change is larger than the noise."""
        # Student's tails are heavier than those of a normal distribution. Most drifts are ruled out by that alone, without
        # SciPy, whose import takes half a second: the first answer of each server asks for this.
        if abs(self.change) < MIN_CHANGE * self.sd or math.erfc(abs(self.t) / math.sqrt(2)) >= SIGNIFICANCE:
            return False
        return self.p < SIGNIFICANCE


def drift(times: Sequence[float], scores: Sequence[float]) -> Drift | None:
    """Returns the trend of one source's scores over time: least squares with Student's t, as in `scipy.stats.linregress`.

    Args:
        times: When each replicate finished, as a Unix time.
        scores: The replicates' scores, each on a seed of its own.

    Returns:
        None for fewer than six replicates, for those of less than an hour, or if all scores are equal.
    """
    if len(scores) < MIN_REPLICATES or len(set(scores)) < 2:
        return None
    span = max(times) - min(times)
    if span < MIN_SPAN_SECONDS:
        return None
    slope, intercept = linear_regression(times, scores)
    residuals = math.fsum((score - intercept - slope * time) ** 2 for time, score in zip(times, scores, strict=True))
    centre = math.fsum(times) / len(times)
    degrees = len(scores) - 2
    sd = math.sqrt(residuals / degrees)
    error = sd / math.sqrt(math.fsum((time - centre) ** 2 for time in times))
    return Drift(slope * SECONDS_PER_DAY, span / SECONDS_PER_DAY, slope / error if error else math.inf, degrees, sd)
