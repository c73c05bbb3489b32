"""The paired test of a validation: one candidate against the champion, on new seeds that both run.

The effect of a seed on both sources cancels in the difference of a pair. The test is one-sided (gain ≤ 0 against gain > 0). It
uses Student's t with a variance that borrows from the stratum (see `noise`) but is never below the variance of the pairs, so a
candidate that is noisier than the rest gains little by it.

**Early stopping.** The test looks twice, after half of the pairs and after all of them. The level is spent as O'Brien and
Fleming do (Lan and DeMets 1983, "Discrete sequential boundaries for clinical trials", Biometrika 70(3)): very little at the
first look, where the variance is estimated from few pairs and a noisy candidate would profit. Each look uses the share of the
level that it adds, so the whole test keeps its level by Bonferroni's inequality, with exact t quantiles. After half of the
pairs, a candidate that isn't ahead is given up. That can only lower the probability of a false confirmation, and it ends half
of the tests of candidates without a gain.
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
"""Default number of pairs of a validation, and the minimum for a reported gain."""
MIN_PAIRS_FOR_FIRST_LOOK = 3
"""With fewer pairs at half, there is no first look."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The state of a validation.

    Attributes:
        verdict: `pending`, `confirmed` or `not_shown`.
        reason: A sentence for the reader.
        pairs: Number of pairs on which the verdict is based.
        gain: Mean gain of these pairs. It overestimates the gain if it passed the test: report `estimate` over other pairs.
        p: One-sided p value at the look that decided, or at the latest look.
        level: Significance level of that look.
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
        gain: Mean over the pairs, in units of the metric; positive is better.
        interval: 95 % interval of Student's t. It covers seeds, not the choice of validation documents.
    """

    gain: float
    interval: tuple[float, float]
    pairs: int


def looks(pairs: int) -> list[int]:
    """Returns the numbers of pairs after which a validation with `pairs` pairs may end."""
    half = (pairs + 1) // 2
    return [half, pairs] if MIN_PAIRS_FOR_FIRST_LOOK <= half < pairs else [pairs]


def spending(level: float, fraction: float) -> float:
    """Returns the part of a one-sided level that may be spent up to a fraction of the pairs.

    It is 2 (1 - Φ(z(1 - level/2) / √fraction)) (Lan and DeMets 1983).
    """
    return math.erfc(-NormalDist().inv_cdf(level / 2) / math.sqrt(2 * fraction))


def decide(gains: Sequence[float | None], pairs: int, level: float, prior: Noise | None = None) -> Trial:
    """Returns the state of a validation. It depends on the arguments only, so anyone can compute it again.

    Args:
        gains: Gains of the candidate over the champion, one for each pair, in the order of their seeds (not of finishing) and
            without a gap; positive is better. None if the candidate failed and the champion didn't, because a candidate must
            not choose its seeds by crashing. (Runs on lost machines are repeated; a seed on which the champion fails is
            replaced.)
        pairs: Number of pairs, as planned at launch.
        level: Significance level, as fixed at launch (`online_fdr.level`).
        prior: The noise of such a difference in this stratum (`noise.of_pairs`), as known at launch.

    Raises:
        ValueError: Fewer than two pairs are planned.
    """
    if pairs < 2:
        raise ValueError(f"a validation needs at least two pairs, not {pairs}")
    complete: list[float] = []
    for gain in gains[:pairs]:
        if gain is None:
            break
        complete.append(gain)
    trial = Trial(Verdict.PENDING, f"{len(complete)} of {pairs} pairs are complete")
    spent = 0.0
    for look in looks(pairs):
        if len(complete) < look or trial.verdict is not Verdict.PENDING:
            break
        may_spend = spending(level, look / pairs)
        trial = _look(complete[:look], last=look == pairs, level=may_spend - spent, prior=prior)
        spent = may_spend
    if trial.verdict is Verdict.PENDING and None in gains[:pairs]:
        return Trial(Verdict.NOT_SHOWN, "the candidate failed on a seed on which the champion succeeded", len(complete))
    return trial


def needed_gain(pairs: int, level: float, prior: Noise) -> float:
    """Returns the smallest mean gain that a test can show if its pairs differ as much as the noise so far says.

    Args:
        pairs: Number of pairs.
        level: Significance level; the whole of it is spent at the end, roughly.
        prior: The noise of such a difference in this stratum.
    """
    degrees = prior.degrees + pairs - 1
    return student_t.quantile(1 - level, degrees) * prior.sd / math.sqrt(pairs)


def estimate(gains: Sequence[float]) -> GainEstimate | None:
    """Returns the gain to report, from pairs that decided neither which candidate was picked nor whether it passed.

    Args:
        gains: Gains of the champion over the baseline, one for each pair.

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
        return Trial(
            Verdict.NOT_SHOWN, "all pairs have the same gain, and the noise of the stratum isn't known", len(gains), gain
        )
    p = _p_value(gain, own, len(gains), prior)
    summary = f"a mean gain of {gain:+.3g} over {len(gains)} pairs, p = {p:.2g}"
    if p <= level:
        return Trial(Verdict.CONFIRMED, f"{summary}, within the level of {level:.2g}", len(gains), gain, p, level)
    if last:
        return Trial(Verdict.NOT_SHOWN, f"{summary}, not within the level of {level:.2g}", len(gains), gain, p, level)
    if gain <= 0:
        return Trial(Verdict.NOT_SHOWN, f"{summary}: given up after half of the pairs, not ahead", len(gains), gain, p, level)
    return Trial(
        Verdict.PENDING,
        f"{summary}: ahead after half of the pairs, not within the level of {level:.2g} yet",
        len(gains),
        gain,
        p,
        level,
    )


def _p_value(gain: float, own: float, pairs: int, prior: Noise | None) -> float:
    degrees = pairs - 1.0
    squared = own
    if prior is not None:
        borrowed = (prior.degrees * prior.sd**2 + degrees * own) / (prior.degrees + degrees)
        squared, degrees = max(own, borrowed), prior.degrees + degrees
    return student_t.upper_tail(gain / math.sqrt(squared / pairs), degrees)
