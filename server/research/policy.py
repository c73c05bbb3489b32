"""What the lab does by itself: replicates of the baseline, holding experiments that keep failing, and required sample sizes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from statistics import NormalDist

from ..domain import Failure

BASELINE_REPLICATES = 4
"""Replicates of the baseline in every stratum. Fewer than three degrees of freedom give too rough an estimate of the noise."""
BASELINE_CONTROLS = 1
"""Replicates of the baseline in a stratum whose reference is another source: they show a drift, and the verdicts need none."""
SPOT_CHECK = 10
"""One of this many runs that were stopped as doomed is run again to its end, so that mistakes show."""
UNSTEADY = 10
"""While the machine takes steps away from runs, the baseline runs so many times as often, to pair with them in time."""
STORM = 3
"""After this many failures of one kind without a success, the other experiments are held."""


def baseline_replicates(existing: int, wanted: int = BASELINE_REPLICATES) -> int:
    """Returns how many replicates of the baseline, or of the champion, a launch adds to its stratum.

    Args:
        existing: Number of replicates that are queued, running or scored.
        wanted: Total number of replicates.
    """
    return max(0, wanted - existing)


def baseline_due(scored: int, every: int, *, is_unsteady: bool = False) -> bool:
    """Returns whether the baseline should run once more, on its next seed, to detect drift.

    Args:
        scored: Number of experiments in the stratum since the baseline ran there last.
        every: Number of experiments between two such runs; 0 for never.
        is_unsteady: Whether the machine took steps away from one of these experiments. Then the baseline runs more often,
            so that runs of the reference go on beside those that are slowed: they tell the machine's part of a lag.
    """
    wanted = max(1, every // UNSTEADY) if is_unsteady and every else every
    return 0 < wanted <= scored


def spot_check(stopped: int) -> bool:
    """Returns whether a run that was stopped as doomed is run again to its end.

    Args:
        stopped: Number of runs that have been stopped in the lab, including this one.
    """
    return stopped % SPOT_CHECK == 1


def storm(outcomes: Iterable[Failure | None]) -> Failure | None:
    """Returns the failure that stops a variant's experiments from succeeding, or None to let them go on.

    Args:
        outcomes: The variant's finished experiments: their failure, or None for a success. Lost machines don't count: the next
            experiment runs on another one.
    """
    kinds = Counter(outcomes)
    if None in kinds:
        return None
    del kinds[Failure.LOST_MACHINE]
    return next((kind for kind, count in kinds.most_common() if count >= STORM), None)


def runs_needed(effect_in_sd: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """Returns the number of seeds that each of two arms needs to detect an effect in a two-sided test.

    n = 2 ((z(1 - alpha/2) + z(power)) / effect)², the normal approximation for a known noise (Cohen 1988, "Statistical Power
    Analysis", chapter 2).

    Args:
        effect_in_sd: The effect, divided by the standard deviation of the noise; its sign doesn't matter.
        power: Probability of detecting the effect.
        alpha: Probability of detecting an effect if there is none.

    Raises:
        ValueError: The effect is 0.
    """
    if effect_in_sd == 0:
        raise ValueError("the effect is 0, which no number of runs can detect")
    normal = NormalDist()
    z = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)
    return max(1, math.ceil(2 * (z / effect_in_sd) ** 2))
