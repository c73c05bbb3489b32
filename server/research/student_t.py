"""Student's t distribution, for every interval and test of the lab (Student 1908, "The probable error of a mean").

SciPy is imported when it is first used, because `labhand serve` must start within a second.
"""

from __future__ import annotations

from functools import lru_cache

COVERAGE = 0.95
"""Coverage of every interval in labhand."""


@lru_cache(maxsize=4096)
def quantile(probability: float, degrees: float) -> float:
    """Returns the quantile of `probability`; `degrees` of freedom may be infinite (the normal distribution)."""
    from scipy.special import stdtrit  # noqa: PLC0415  heavy

    return float(stdtrit(degrees, probability))


def interval(centre: float, error: float, degrees: float) -> tuple[float, float]:
    """Returns the 95 % interval: `centre` ± t times the standard error `error`."""
    half = quantile((1 + COVERAGE) / 2, degrees) * error
    return centre - half, centre + half


def upper_tail(t: float, degrees: float) -> float:
    """Returns the probability of a value above t."""
    from scipy.special import stdtr  # noqa: PLC0415  heavy

    return float(stdtr(degrees, -t))
