"""Longer horizons: whether a source that wins in short runs also wins in longer ones.

Short runs favour fast early progress. So a confirmed candidate runs at longer horizons before it becomes champion. The
agreement of the rankings is given as a rank correlation, but only if enough configurations from the whole ranking ran at both
budgets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from . import student_t

MIN_CONFIGURATIONS = 8
"""Fewer configurations that ran at both horizons give no rank correlation."""
RANKING_PARTS = 4
"""Parts of the short ranking. Each must have a configuration that ran at both: the best alone say little of the rest."""
PAIRS = 4
"""Minimum number of pairs of candidate and champion at a longer horizon."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well the rankings at two horizons agree.

    Attributes:
        tau: Kendall's tau-b: 1 for the same ranking, 0 for unrelated rankings, -1 for the reverse ranking. Noise between seeds
            moves it towards 0.
        interval: 95 % interval, by Fisher's transformation with a variance of 0.437 / (n - 4) (Fieller, Hartley and Pearson
            1957, "Tests for rank correlation coefficients", Biometrika 44).
    """

    tau: float
    interval: tuple[float, float]
    configurations: int


def agreement(short: Mapping[str, float], longer: Mapping[str, float]) -> Agreement | None:
    """Returns Kendall's tau between two horizons, over the sources that ran at both.

    Args:
        short: Source to mean score at the shorter horizon, for all sources that ran there, in one stratum.
        longer: The same at the longer horizon.

    Returns:
        None if fewer than eight ran at both, if none of them is in one of the quarters of the short ranking, or if all scores
        are tied.
    """
    from scipy.stats import kendalltau  # noqa: PLC0415  heavy

    both = [source for source in short if source in longer]
    if len(both) < MIN_CONFIGURATIONS or not _spread(short, both):
        return None
    tau = float(kendalltau([short[source] for source in both], [longer[source] for source in both]).statistic)
    if math.isnan(tau):
        return None
    centre = math.atanh(max(-1 + 1e-12, min(1 - 1e-12, tau)))
    low, high = student_t.interval(centre, math.sqrt(0.437 / (len(both) - 4)), math.inf)
    return Agreement(tau, (math.tanh(low), math.tanh(high)), len(both))


def not_worse(gains: Sequence[float]) -> bool | None:
    """Returns whether a confirmed candidate isn't behind the champion at a longer horizon, in the mean of its pairs.

    A candidate that is truly behind by one standard deviation between seeds passes with a probability of 8 % on four pairs and
    2 % on eight. One that is ahead by as much fails as rarely. A test for being worse would let most of the former pass.

    Args:
        gains: Gains of the candidate over the champion, one for each pair; positive is better.

    Returns:
        None for fewer than four pairs.
    """
    return fmean(gains) >= 0 if len(gains) >= PAIRS else None


def _spread(ranked: Mapping[str, float], chosen: Sequence[str]) -> bool:
    places = {source: place for place, source in enumerate(sorted(ranked, key=lambda source: ranked[source]))}
    return len({places[source] * RANKING_PARTS // len(ranked) for source in chosen}) == RANKING_PARTS
