"""How much a score varies between seeds, from replicates.

Noise differs between configurations: pooled over all of them, it promotes the noisy ones. So each arm's own variance is shrunk
towards the stratum's by as much as the arms agree (Smyth 2004, "Linear models and empirical Bayes methods for assessing
differential expression", Statistical Applications in Genetics and Molecular Biology 3(1), sections 3 to 6; as in limma's
`squeezeVar` and `fitFDist`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean, median


@dataclass(frozen=True, slots=True)
class Noise:
    """The standard deviation of a score between seeds.

    Attributes:
        sd: In units of the metric; 0 when replicates came out identical, as those of an unseeded trainer do.
        degrees: Degrees of freedom of the estimate; a whole number when pooled, any positive one when moderated.
    """

    sd: float
    degrees: float


@dataclass(frozen=True, slots=True)
class Moderated:
    """Noise arm by arm.

    Attributes:
        prior: Of an arm that has no replicates of its own: Smyth's s0 with d0 degrees of freedom.
        arms: Of each arm, in the order given; an arm of fewer than two scores has the prior.
    """

    prior: Noise
    arms: Sequence[Noise]


def pooled(groups: Iterable[Sequence[float]]) -> Noise | None:
    """One noise for all arms: their variances, each weighted by its degrees of freedom.

    Args:
        groups: Scores of replicates, one group an arm (one source); all of one stratum.

    Returns:
        None unless some arm has two scores.
    """
    arms = [(_variance(group), len(group) - 1) for group in groups if len(group) > 1]
    return _pool(arms) if arms else None


def moderate(groups: Sequence[Sequence[float]]) -> Moderated | None:
    """The noise of each arm, shrunk towards the stratum's.

    With s² the variance of an arm on d degrees of freedom, its moderated variance is (d0 s0² + d s²) / (d0 + d) on d0 + d
    degrees of freedom, where s0² and d0 are what the logarithms of all arms' variances tell of the distribution that they come
    from. Arms that differ no more than chance have all the pooled noise. No arm has more degrees of freedom than all replicates
    together.

    Args:
        groups: As for `pooled`.

    Returns:
        None unless some arm has two scores.
    """
    arms = [(_variance(group), len(group) - 1) if len(group) > 1 else None for group in groups]
    known = [arm for arm in arms if arm is not None]
    if not known:
        return None
    together = _pool(known)
    prior_variance, prior_degrees = _prior(known, together)

    def shrunk(arm: tuple[float, int] | None) -> Noise:
        own, degrees = arm or (0.0, 0)
        if math.isinf(prior_degrees):
            return together
        total = prior_degrees + degrees
        squared = (prior_degrees * prior_variance + degrees * own) / total
        return Noise(math.sqrt(squared), min(total, together.degrees))

    return Moderated(prior=shrunk(None), arms=[shrunk(arm) for arm in arms])


def of_difference(noise: Noise) -> Noise:
    """The noise of the difference between two experiments of one seed: √2 times that of one.

    If a seed does the same to both, the difference varies less: then this errs on the safe side.
    """
    return Noise(math.sqrt(2) * noise.sd, noise.degrees)


def _variance(scores: Sequence[float]) -> float:
    """The sample variance; exactly 0 for scores that are the same. A lab judges often, and `statistics` is exact but slow."""
    if len(set(scores)) == 1:
        return 0.0
    centre = math.fsum(scores) / len(scores)
    return math.fsum((score - centre) ** 2 for score in scores) / (len(scores) - 1)


def _pool(arms: Sequence[tuple[float, int]]) -> Noise:
    degrees = sum(own_degrees for _, own_degrees in arms)
    return Noise(math.sqrt(math.fsum(own * own_degrees for own, own_degrees in arms) / degrees), degrees)


def _prior(arms: Sequence[tuple[float, int]], together: Noise) -> tuple[float, float]:
    """s0² and d0 from the mean and variance of log s² (Smyth 2004, section 6.2); d0 is infinite when the arms agree."""
    from scipy.special import digamma  # noqa: PLC0415  heavy

    if len(arms) < 2 or together.sd == 0:
        return together.sd**2, math.inf
    middle = median(own for own, _ in arms) or together.sd**2
    # A variance of exactly 0 has no logarithm; limma's floor.
    chance = [_of_chance(degrees) for _, degrees in arms]
    logs = [math.log(max(own, 1e-5 * middle)) - mean for (own, _), (mean, _) in zip(arms, chance, strict=True)]
    spread = _variance(logs) - fmean(variance for _, variance in chance)
    if spread <= 0:
        return together.sd**2, math.inf
    half = _inverse_trigamma(spread)
    return math.exp(fmean(logs) + float(digamma(half)) - math.log(half)), 2 * half


@cache
def _of_chance(degrees: int) -> tuple[float, float]:
    """Mean and variance of log s² for a true variance of 1."""
    from scipy.special import digamma, polygamma  # noqa: PLC0415  heavy

    return float(digamma(degrees / 2)) - math.log(degrees / 2), float(polygamma(1, degrees / 2))


def _inverse_trigamma(value: float) -> float:
    """The x whose trigamma is `value`: Newton's method on 1/trigamma, which is convex (Smyth 2004, appendix)."""
    from scipy.special import polygamma  # noqa: PLC0415  heavy

    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, x))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, x))
        x += step
        if -step < 1e-8 * x:
            break
    return x
