"""One test of one candidate against the champion, on fresh seeds that both run.

What a seed does to both arms cancels in the difference of a pair. The test is one-sided (gain ≤ 0 against gain > 0), on
Student's t with a variance that borrows from the stratum (see `noise`), but is never below the pairs' own: a candidate that is
noisier than the rest gains little by it.

**Early stopping.** There are two looks, at half of the pairs and at all of them. The level is spent in the manner of O'Brien
and Fleming (Lan and DeMets 1983, "Discrete sequential boundaries for clinical trials", Biometrika 70(3)): very little of it
at half, where the variance rests on few pairs and a noisy candidate would profit. Each look is held to what it adds, so that
by Bonferroni's inequality the whole test keeps its level, with exact t quantiles and no approximation. At half, a candidate
that is not ahead is given up; that can only lower the chance of a false confirmation, and ends half of the null ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, variance

from ..domain import Verdict
from . import student_t
from .noise import Noise

PAIRS = 8
"""Of a validation, by default; and the least from which a gain is reported."""
FEWEST_TO_LOOK = 3
"""Pairs below which there is no first look."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Where a validation stands.

    Attributes:
        verdict: `pending`, `confirmed` or `not_shown`.
        reason: A sentence.
        pairs: That the verdict rests on.
        gain: Their mean. It passed a test, so it flatters: report `estimate` over other pairs.
        p: One-sided, at the look that decided, or the latest.
        level: That this look was held to.
    """

    verdict: Verdict
    reason: str
    pairs: int = 0
    gain: float | None = None
    p: float | None = None
    level: float | None = None


@dataclass(frozen=True, slots=True)
class GainEstimate:
    """A gain that may be reported.

    Attributes:
        gain: Mean over pairs; positive is better.
        interval: 95 %, Student's t; covers seeds, not the choice of validation documents.
    """

    gain: float
    interval: tuple[float, float]
    pairs: int


def looks(pairs: int) -> list[int]:
    """After how many pairs a validation of so many may end."""
    half = (pairs + 1) // 2
    return [half, pairs] if FEWEST_TO_LOOK <= half < pairs else [pairs]


def spending(level: float, fraction: float) -> float:
    """How much of a one-sided level may be spent by a fraction of the pairs: 2 (1 - Φ(z(1 - level/2) / √fraction))."""
    return math.erfc(-NormalDist().inv_cdf(level / 2) / math.sqrt(2 * fraction))


def decide(gains: Sequence[float | None], pairs: int, level: float, prior: Noise | None = None) -> Trial:
    """What a validation's pairs say so far. It depends on the pairs alone, so that anyone can recompute it.

    Args:
        gains: Candidate against champion, pair by pair in the order of their seeds (not of finishing), positive is better; as
            many as are known without a gap. None where the candidate failed and the champion didn't: a candidate must not
            choose its seeds by crashing. (Lost machines are run again; a seed on which the champion fails is replaced.)
        pairs: As planned at launch.
        level: As fixed at launch (`streams.level`).
        prior: The noise of such a difference in this stratum (`noise.of_difference`), as it was known at launch.

    Raises:
        ValueError: Fewer than two pairs are planned, which can show nothing.
    """
    if pairs < 2:
        raise ValueError(f"a validation takes two pairs at least, not {pairs}")
    known: list[float] = []
    for gain in gains[:pairs]:
        if gain is None:
            break
        known.append(gain)
    trial = Trial(Verdict.PENDING, f"{len(known)} of {pairs} pairs are in")
    spent = 0.0
    for look in looks(pairs):
        if len(known) < look or trial.verdict is not Verdict.PENDING:
            break
        may_spend = spending(level, look / pairs)
        trial = _look(known[:look], last=look == pairs, level=may_spend - spent, prior=prior)
        spent = may_spend
    if trial.verdict is Verdict.PENDING and None in gains[:pairs]:
        return Trial(Verdict.NOT_SHOWN, "the candidate failed on a seed that the champion ran through", len(known))
    return trial


def estimate(gains: Sequence[float]) -> GainEstimate | None:
    """The gain to report, from pairs that decided nothing: neither which candidate was picked nor whether it passed.

    Args:
        gains: Champion against baseline, pair by pair.

    Returns:
        None for fewer than eight pairs.
    """
    if len(gains) < PAIRS:
        return None
    gain = fmean(gains)
    return GainEstimate(gain, student_t.interval(gain, math.sqrt(variance(gains) / len(gains)), len(gains) - 1), len(gains))


def _look(gains: Sequence[float], *, last: bool, level: float, prior: Noise | None) -> Trial:
    gain, own = fmean(gains), variance(gains)
    if own == 0 and (prior is None or prior.sd == 0):
        return Trial(Verdict.NOT_SHOWN, "every pair came out the same, and nothing is known of the noise", len(gains), gain)
    p = _p_value(gain, own, len(gains), prior)
    told = f"a mean gain of {gain:+.3g} over {len(gains)} pairs, p = {p:.2g}"
    if p <= level:
        return Trial(Verdict.CONFIRMED, f"{told}, within the level of {level:.2g}", len(gains), gain, p, level)
    if last:
        return Trial(Verdict.NOT_SHOWN, f"{told}, not within the level of {level:.2g}", len(gains), gain, p, level)
    if gain <= 0:
        return Trial(Verdict.NOT_SHOWN, f"{told}: given up at half, not ahead", len(gains), gain, p, level)
    return Trial(Verdict.PENDING, f"{told}: ahead at half, not within the level of {level:.2g} yet", len(gains), gain, p, level)


def _p_value(gain: float, own: float, pairs: int, prior: Noise | None) -> float:
    degrees = pairs - 1.0
    squared = own
    if prior is not None:
        borrowed = (prior.degrees * prior.sd**2 + degrees * own) / (prior.degrees + degrees)
        squared, degrees = max(own, borrowed), prior.degrees + degrees
    return student_t.upper_tail(gain / math.sqrt(squared / pairs), degrees)
