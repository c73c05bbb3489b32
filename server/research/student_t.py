"""Student's t distribution, for every interval and test of the lab (Student 1908, "The probable error of a mean").

SciPy is imported on use: `labhand serve` must answer within a second.
"""

from __future__ import annotations

COVERAGE = 0.95
"""Of every interval that the lab tells."""


def quantile(probability: float, degrees: float) -> float:
    """The t below which a share `probability` lies; `degrees` of freedom may be infinite (the normal distribution)."""
    from scipy.special import stdtrit  # noqa: PLC0415  heavy

    return float(stdtrit(degrees, probability))


def interval(centre: float, error: float, degrees: float) -> tuple[float, float]:
    """The interval that covers with 95 %: `centre` ± t times its standard error."""
    half = quantile((1 + COVERAGE) / 2, degrees) * error
    return centre - half, centre + half


def upper_tail(t: float, degrees: float) -> float:
    """The chance of a value above t."""
    from scipy.special import stdtr  # noqa: PLC0415  heavy

    return float(stdtr(degrees, -t))
