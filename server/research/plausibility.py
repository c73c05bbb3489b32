"""Plausibility of scores: what is too good to be true, doesn't depend on the seed, or comes of a change to the measuring.

A suspicion costs one more run; a real improvement passes that run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from ..domain import Direction, Metric
from .noise import Noise

OTHERS = 5
"""With fewer scores of other experiments, only a score that is out of proportion is suspected."""
MIN_NOISE_MULTIPLE = 6.0
"""A score must exceed the best so far by this many standard deviations between seeds to be suspected."""
MAX_NAMED_FLAGS = 2
"""Flags that a reason names."""
_MEASURING = ("metric:", "evaluation:", "seed:")
"""The kinds of flags that concern how a self-reported score is computed, printed or seeded."""


def too_good(score: float, others: Sequence[float], noise: Noise | None, direction: Direction) -> str | None:
    """Returns why a score is suspected, in a sentence, or None.

    A score is suspected if it is better than the best of the others by more than that best is better than their median (it
    doubles all progress so far), and by more than six standard deviations between seeds. With few others, it is suspected if it
    halves the median's distance from zero (or doubles it, if the metric is maximized).

    Args:
        score: The measured score.
        others: Scores of other experiments in its stratum.
        noise: The stratum's noise, if it is known.
        direction: Whether the metric is minimized or maximized.
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
        return f"{score:.4g} is out of proportion to {middle:.4g}, the median of the other scores" if absurd else None
    if leap <= progress or leap <= MIN_NOISE_MULTIPLE * (noise.sd if noise else 0.0):
        return None
    return f"{score:.4g} exceeds the best so far, {best:.4g}, by more than that exceeds the median, {middle:.4g}"


def must_beat(score: float, others: Sequence[float], direction: Direction) -> float:
    """Returns the score that another seed must reach for a suspected score to count: half-way from the best of the others.

    Args:
        score: The suspected score.
        others: As for `too_good`; at least one.
        direction: Whether the metric is minimized or maximized.
    """
    best = min(others) if direction == "minimize" else max(others)
    return (score + best) / 2


def unseeded(scores: Sequence[float], outputs: Sequence[str | None] = ()) -> bool:
    """Returns whether seeds have no effect: all replicates of a source are exactly equal. It can never be confirmed.

    A metric that is saturated, such as an accuracy of 1, is equal on all seeds though the runs differ: then what they printed
    differs, too.

    Args:
        scores: Scores of one source in one stratum, one for each seed.
        outputs: The fingerprints of what the runs printed, as far as they are known.
    """
    return is_level(scores) and len({output for output in outputs if output is not None}) < 2


def is_level(scores: Sequence[float]) -> bool:
    """Returns whether several scores are all equal."""
    return len(scores) > 1 and len(set(scores)) == 1


def caution(metric: Metric, flags: Sequence[str]) -> str:
    """Return what a reader has to check before a gain is believed, to be put behind a reason; empty if there is nothing.

    Args:
        metric: Nothing is said of one that the evaluator measures.
        flags: Of the source that has the gain.
    """
    touched = [flag for flag in flags if flag.startswith(_MEASURING)]
    if not metric.self_reported or not touched:
        return ""
    more = f" and {len(touched) - MAX_NAMED_FLAGS} more" if len(touched) > MAX_NAMED_FLAGS else ""
    named = "; ".join(touched[:MAX_NAMED_FLAGS])
    return f"; self_reported: its change touches how it is measured, check that first ({named}{more})"
