"""Whether scores are to be trusted: too good to be true, so that they have to be run again before they count, or unseeded.

A suspicion costs one run and accuses nobody: a real leap passes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from ..domain import Direction
from .noise import Noise

OTHERS = 5
"""Scores of other experiments below which only an absurd score is suspected."""
BEYOND_NOISE = 6.0
"""Standard deviations between seeds by which a leap must exceed the best so far, else it is none."""


def too_good(score: float, others: Sequence[float], noise: Noise | None, direction: Direction) -> str | None:
    """Why a score is suspected, in a sentence; None where it isn't.

    It is suspected when it leaps beyond the best of the others by more than that best is beyond their median (all progress so
    far, doubled at one stroke), and by more than six standard deviations between seeds. With few others, when it halves the
    median's distance from zero (or doubles it, where more is better).

    Args:
        score: As measured.
        others: Of other experiments in its stratum.
        noise: The stratum's, where it is known.
        direction: Which way is better.
    """
    if not math.isfinite(score):
        return "the score is not a finite number"
    if not others:
        return None
    sign = -1 if direction == "minimize" else 1
    middle, best = median(others), max(others, key=lambda other: sign * other)
    leap, progress = sign * (score - best), sign * (best - middle)
    if len(others) < OTHERS:
        absurd = sign * (score - middle) > abs(middle) / (2 if direction == "minimize" else 1)
        return f"{score:.4g} is out of all proportion to {middle:.4g}, what others score" if absurd else None
    if leap <= progress or leap <= BEYOND_NOISE * (noise.sd if noise else 0.0):
        return None
    return f"{score:.4g} is better than the best so far, {best:.4g}, by more than that is than the median, {middle:.4g}"


def must_beat(score: float, others: Sequence[float], direction: Direction) -> float:
    """What another seed has to score better than for a suspected score to count: half-way from the best of the others.

    Args:
        score: The suspected one.
        others: As for `too_good`; at least one.
        direction: Which way is better.
    """
    best = min(others) if direction == "minimize" else max(others)
    return (score + best) / 2


def unseeded(scores: Sequence[float]) -> bool:
    """Whether seeds vary nothing: replicates of one source that agree to the bit. Such a source can never be confirmed.

    Args:
        scores: Of one source in one stratum, one a seed.
    """
    return len(scores) > 1 and len(set(scores)) == 1
