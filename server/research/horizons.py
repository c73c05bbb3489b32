"""Whether what wins in short runs wins in longer ones.

Short runs reward early velocity. So confirmed candidates run at longer horizons before they lead, and how far the short ranking
carries over is told as a rank correlation, but only where enough configurations, from all over the ranking, ran at both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from . import student_t

CONFIGURATIONS = 8
"""That must have run at both horizons before a rank correlation is told."""
SPREAD = 4
"""Equal parts of the short ranking, in each of which one of them must lie: the best alone say little of the rest."""
PAIRS = 4
"""Of candidate and champion at a longer horizon, at least."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two horizons rank alike.

    Attributes:
        tau: Kendall's tau-b: 1 for the same ranking, 0 for none in common, -1 for the reverse. Noise between seeds pulls it
            to 0.
        interval: 95 %, by Fisher's transformation with a variance of 0.437 / (n - 4) (Fieller, Hartley and Pearson 1957, "Tests
            for rank correlation coefficients", Biometrika 44).
    """

    tau: float
    interval: tuple[float, float]
    configurations: int


def agreement(short: Mapping[str, float], longer: Mapping[str, float]) -> Agreement | None:
    """Kendall's tau between two horizons, over what ran at both.

    Args:
        short: Source to mean score at the shorter horizon, of all that ran there, in one stratum.
        longer: The same at the longer one.

    Returns:
        None where fewer than eight ran at both, where they leave a quarter of the short ranking out, or where scores are all
        tied.
    """
    from scipy.stats import kendalltau  # noqa: PLC0415  heavy

    both = [source for source in short if source in longer]
    if len(both) < CONFIGURATIONS or not _spread(short, both):
        return None
    tau = float(kendalltau([short[source] for source in both], [longer[source] for source in both]).statistic)
    if math.isnan(tau):
        return None
    centre = math.atanh(max(-1 + 1e-12, min(1 - 1e-12, tau)))
    low, high = student_t.interval(centre, math.sqrt(0.437 / (len(both) - 4)), math.inf)
    return Agreement(tau, (math.tanh(low), math.tanh(high)), len(both))


def not_worse(gains: Sequence[float]) -> bool | None:
    """Whether a confirmed candidate holds at a longer horizon: it is not behind the champion in the mean of its pairs.

    A candidate that is behind there by one standard deviation between seeds passes with a chance of 8 % on four pairs, 2 % on
    eight; one that is ahead by as much fails as rarely. A test of being worse would let most of the former pass.

    Args:
        gains: Candidate against champion, pair by pair; positive is better.

    Returns:
        None for fewer than four pairs.
    """
    return fmean(gains) >= 0 if len(gains) >= PAIRS else None


def _spread(ranked: Mapping[str, float], chosen: Sequence[str]) -> bool:
    places = {source: place for place, source in enumerate(sorted(ranked, key=lambda source: ranked[source]))}
    return len({places[source] * SPREAD // len(ranked) for source in chosen}) == SPREAD
