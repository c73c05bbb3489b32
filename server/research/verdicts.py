"""What a score says against a reference, before any validation.

Seeds vary scores, so a difference means something only beside the noise between seeds. What the noise can't explain is
`promising` or `worse`; only a validation, on fresh seeds, makes it more than that.
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

RUNS_CAP = 64
"""More runs than this to settle a question aren't worth naming: the difference can't be resolved."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason.

    Attributes:
        reason: A sentence. That of `inconclusive` begins with why: `no_noise_floor`, `within_noise` (the difference is smaller
            than one standard deviation between seeds) or `few_seeds` (it is larger, but these seeds can't tell).
        gain: Mean difference; positive is better. None where the reference has no score.
        interval: Of the gain, 95 %, Student's t. It covers seeds, not the choice of validation documents, nor that the
            experiment was picked for its score. None where the noise isn't known.
        more_runs: That would settle an inconclusive one, if the true gain were as it looks; of both arms together. None where
            nothing is open, or where more than `RUNS_CAP` would be needed.
    """

    verdict: Verdict
    reason: str
    gain: float | None = None
    interval: tuple[float, float] | None = None
    more_runs: int | None = None


def judge(scores: Sequence[float], reference: Sequence[float], noise: Noise | None, direction: Direction) -> Judgement:
    """What the scores of one source say against those of the reference: `promising`, `worse` or `inconclusive`.

    The interval is that of a difference of two means with a common noise estimated beside them: t(degrees) · sd · √(1/n + 1/m).

    Args:
        scores: Of one source, one a seed; at least one.
        reference: Of the reference in the same stratum.
        noise: The stratum's (`noise.pooled`), or better the arm's own (`noise.moderate`); None as long as it isn't known.
        direction: Which way is better.

    Raises:
        ValueError: There is no score to judge.
    """
    if not scores:
        raise ValueError("nothing to judge: no scores")
    gain = _gain(scores, reference, direction)
    if gain is None or noise is None:
        return _no_floor(gain, len(reference))
    if noise.sd == 0:
        return _unseeded(gain)
    error = noise.sd * math.sqrt(1 / len(scores) + 1 / len(reference))
    interval = student_t.interval(gain, error, noise.degrees)
    seeds = f"{_count(len(scores), 'seed')} against {len(reference)}"
    told = f"a gain of {gain:+.3g} ± {interval[1] - gain:.2g} (95 %, {seeds})"
    if interval[0] > 0:
        return Judgement(Verdict.PROMISING, f"{told} is more than noise; only a validation can confirm it", gain, interval)
    if interval[1] < 0:
        return Judgement(Verdict.WORSE, f"{told} is a loss beyond noise", gain, interval)
    more = _more_runs(gain, noise, len(scores), len(reference))
    why = "few_seeds" if abs(gain) >= noise.sd else "within_noise"
    settle = f"about {_count(more, 'more run')} would settle it" if more else "too small to resolve"
    return Judgement(Verdict.INCONCLUSIVE, f"{why}: {told}; {settle}", gain, interval, more)


def _gain(scores: Sequence[float], reference: Sequence[float], direction: Direction) -> float | None:
    if not reference:
        return None
    difference = fmean(scores) - fmean(reference)
    return -difference if direction == "minimize" else difference


def _no_floor(gain: float | None, reference: int) -> Judgement:
    more = max(1, baseline_replicates(reference))
    lacks = "the reference has no score in this stratum" if gain is None else "no source here has two scored seeds"
    reason = f"no_noise_floor: {lacks}; {_count(more, 'more run')} of the reference would give one"
    return Judgement(Verdict.INCONCLUSIVE, reason, gain, more_runs=more)


def _unseeded(gain: float) -> Judgement:
    same = "replicates come out identical, so that seeds vary nothing here and nothing can ever be confirmed"
    if gain == 0:
        return Judgement(Verdict.INCONCLUSIVE, f"within_noise: the score is the reference's, and {same}", gain)
    return Judgement(Verdict.PROMISING if gain > 0 else Verdict.WORSE, f"a gain of {gain:+.3g}, but {same}", gain)


def _more_runs(gain: float, noise: Noise, seeds: int, reference: int) -> int | None:
    """Runs of both arms that are still lacking to tell a true gain of this size with 80 % power."""
    if gain == 0:
        return None
    arm = runs_needed(gain / noise.sd)
    # Enough by the normal approximation and still open: the noise itself is known too badly.
    more = max(1, arm - seeds) + max(0, arm - reference)
    return more if more <= RUNS_CAP else None


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
