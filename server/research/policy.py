"""What the lab does next by itself: baseline replicates, holding what keeps failing, and how many runs a question takes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from statistics import NormalDist

from ..domain import Failure

BASELINE_REPLICATES = 4
"""Of the baseline in every stratum: three degrees of freedom, the least that tells noise within a factor of two or so."""
SPOT_CHECK = 10
"""Of so many runs that were stopped as doomed, one is run again to its end, so that mistakes show."""
STORM = 3
"""Failures of one kind, without a success, after which the rest is held."""
_NOT_THE_SOURCE = frozenset({Failure.LOST_MACHINE})


def baseline_replicates(existing: int, wanted: int = BASELINE_REPLICATES) -> int:
    """How many replicates of the baseline a launch adds to its stratum.

    Args:
        existing: Those that are queued, running or scored.
        wanted: In all.
    """
    return max(0, wanted - existing)


def baseline_due(scored: int, every: int) -> bool:
    """Whether the baseline should run once more, on its next seed, to watch for drift.

    Args:
        scored: Experiments in the setting since the baseline ran there last.
        every: After how many; 0 for never.
    """
    return 0 < every <= scored


def spot_check(stopped: int) -> bool:
    """Whether a run that was stopped as doomed is run again to its end.

    Args:
        stopped: How many have been stopped in the lab, this one included.
    """
    return stopped % SPOT_CHECK == 1


def storm(outcomes: Iterable[Failure | None]) -> Failure | None:
    """The failure that keeps a variant's experiments from succeeding, or None: then they go on.

    Args:
        outcomes: What became of the variant's finished experiments: None for a success. Lost machines and lacking capacity are
            not the source's fault and don't count.
    """
    kinds = Counter(outcomes)
    if None in kinds:
        return None
    return next((kind for kind, count in kinds.most_common() if kind and kind not in _NOT_THE_SOURCE and count >= STORM), None)


def runs_needed(effect_in_sd: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """Seeds an arm, in each of two arms, that tell a true effect from nothing in a two-sided test.

    n = 2 ((z(1 - alpha/2) + z(power)) / effect)², the normal approximation for a noise that the stratum knows (Cohen 1988,
    "Statistical Power Analysis", chapter 2).

    Args:
        effect_in_sd: The effect over the noise's standard deviation; its sign doesn't matter.
        power: The chance of telling it.
        alpha: The chance of telling an effect where there is none.

    Raises:
        ValueError: The effect is 0, which no number of runs tells from nothing.
    """
    if effect_in_sd == 0:
        raise ValueError("no number of runs tells an effect of 0 from nothing")
    normal = NormalDist()
    z = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)
    return max(1, math.ceil(2 * (z / effect_in_sd) ** 2))
