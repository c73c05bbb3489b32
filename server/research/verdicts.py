"""Verdicts before a validation: what the scores of a source say against a reference.

Scores vary with the seed, so a difference must be compared with the noise between seeds. A difference that the noise can't
explain is `promising` or `worse`. Only a validation on new seeds can confirm it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from ..domain import Direction, Verdict
from . import student_t
from .noise import Noise
from .policy import baseline_replicates, runs_needed

MAX_RUNS_NAMED = 64
"""If more runs than this were needed, the verdict says that the difference can't be resolved."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason.

    Attributes:
        reason: A sentence for the reader. For `inconclusive` it begins with `no_reference` (the reference has no score),
            `no_noise_floor`, `within_noise` (the difference is smaller than one standard deviation between seeds) or
            `few_seeds` (it is larger, but the seeds are too few).
        gain: Mean difference in units of the metric; positive is better. None if the reference has no score.
        interval: 95 % interval of the gain, Student's t. It covers seeds, but neither the choice of validation documents nor
            the selection of the experiment by its score. None if the noise isn't known.
        more_runs: Number of runs of both arms together that would decide an inconclusive verdict, if the true gain were the
            observed one. None if the verdict is clear, or if more than `MAX_RUNS_NAMED` would be needed.
    """

    verdict: Verdict
    reason: str
    gain: float | None = None
    interval: tuple[float, float] | None = None
    more_runs: int | None = None


def judge(
    scores: Sequence[float],
    reference: Sequence[float],
    noise: Noise | None,
    direction: Direction,
    against: str = "the reference",
) -> Judgement:
    """Compares the scores of one source with those of the reference: `promising`, `worse` or `inconclusive`.

    The interval is that of a difference of two means with a common, separately estimated noise: t(degrees) · sd · √(1/n + 1/m).

    Args:
        scores: Scores of one source, one for each seed; at least one.
        reference: Scores of the reference in the same stratum.
        noise: The noise of the source (`noise.moderate`) or of the stratum (`noise.pooled`); None if it isn't known.
        direction: Whether the metric is minimized or maximized.
        against: The name of the reference, for the reason.

    Raises:
        ValueError: `scores` is empty.
    """
    if not scores:
        raise ValueError("scores is empty: at least one score is needed")
    gain = _gain(scores, reference, direction)
    if gain is None or noise is None:
        return _no_floor(gain, len(reference), against)
    if noise.sd == 0:
        return _unseeded(gain)
    error = noise.sd * math.sqrt(1 / len(scores) + 1 / len(reference))
    interval = student_t.interval(gain, error, noise.degrees)
    seeds = f"{_count(len(scores), 'seed')} against {len(reference)} of {against}"
    summary = f"a gain of {gain:+.3g} ± {interval[1] - gain:.2g} (95 %, {seeds})"
    if interval[0] > 0:
        return Judgement(Verdict.PROMISING, f"{summary} is more than noise; only a validation can confirm it", gain, interval)
    if interval[1] < 0:
        return Judgement(Verdict.WORSE, f"{summary} is a loss beyond noise", gain, interval)
    more = _more_runs(gain, noise, len(scores), len(reference))
    why = "few_seeds" if abs(gain) >= noise.sd else "within_noise"
    decision = f"about {_count(more, 'more run')} would decide" if more else "too small to resolve"
    return Judgement(Verdict.INCONCLUSIVE, f"{why}: {summary}; {decision}", gain, interval, more)


def _gain(scores: Sequence[float], reference: Sequence[float], direction: Direction) -> float | None:
    if not reference:
        return None
    difference = fmean(scores) - fmean(reference)
    return -difference if direction == "minimize" else difference


def _no_floor(gain: float | None, reference: int, against: str) -> Judgement:
    more = max(1, baseline_replicates(reference))
    if gain is None:
        reason = f"no_reference: {against} has no score in this stratum; {_count(more, 'run')} of it would allow a verdict"
    else:
        runs = f"{_count(more, 'more run')} of {against}"
        reason = f"no_noise_floor: no source here has two scored seeds; {runs} would measure the noise"
    return Judgement(Verdict.INCONCLUSIVE, reason, gain, more_runs=more)


def _unseeded(gain: float) -> Judgement:
    same = "all replicates have the same score: seeds have no effect, or the metric is saturated, so nothing can be confirmed"
    if gain == 0:
        return Judgement(Verdict.INCONCLUSIVE, f"within_noise: the score equals the reference's, and {same}", gain)
    return Judgement(Verdict.PROMISING if gain > 0 else Verdict.WORSE, f"a gain of {gain:+.3g}, but {same}", gain)


def _more_runs(gain: float, noise: Noise, seeds: int, reference: int) -> int | None:
    """Runs of both arms that are still needed to detect a true gain of this size with 80 % power."""
    if gain == 0:
        return None
    arm = runs_needed(gain / noise.sd)
    # At least one: if the normal approximation asks for none and the verdict is open, the noise is known too badly.
    more = max(1, arm - seeds) + max(0, arm - reference)
    return more if more <= MAX_RUNS_NAMED else None


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
