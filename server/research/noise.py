"""Noise: how much a score varies between seeds, estimated from replicates.

Noise differs between configurations, and a variance that is pooled over all of them favours the noisy ones. So the variance of
each arm (one source) is shrunk towards that of the stratum; the more the arms agree, the stronger the shrinkage (Smyth 2004,
"Linear models and empirical Bayes methods for assessing differential expression", Statistical Applications in Genetics and
Molecular Biology 3(1), sections 3 to 6; as in limma's `squeezeVar` and `fitFDist`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist, fmean, median


@dataclass(frozen=True, slots=True)
class Noise:
    """The standard deviation of a score between seeds.

    Attributes:
        sd: In units of the metric; 0 if all replicates are equal, as with a trainer that ignores its seed.
        degrees: Degrees of freedom of the estimate: a whole number if pooled, any positive number if moderated.
    """

    sd: float
    degrees: float


@dataclass(frozen=True, slots=True)
class Moderated:
    """The moderated noise of each arm.

    Attributes:
        prior: Noise of an arm without replicates: Smyth's s0 with d0 degrees of freedom.
        arms: Noise of each arm, in the order given. An arm with fewer than two scores has the prior.
    """

    prior: Noise
    arms: Sequence[Noise]


def best_by_luck(mean: float | None, sd: float | None, counts: Iterable[int], direction: str) -> list[float]:
    """Returns the best score to expect from seeds alone: of n draws from a normal distribution, the quantile n / (n + 1).

    That is the expected rank of the largest (Gumbel 1958, "Statistics of Extremes", on plotting positions).

    Args:
        mean: Of the scores of one source.
        sd: Their standard deviation between seeds, in units of the metric.
        counts: The numbers of draws, each at least 1.
        direction: Of the metric.

    Returns:
        One score for each count; none if the source has no score or no noise.
    """
    if mean is None or not sd:
        return []
    sign = -1 if direction == "minimize" else 1
    return [mean + sign * sd * NormalDist().inv_cdf(count / (count + 1)) for count in counts]


def pooled(groups: Iterable[Sequence[float]], spent: int = 0) -> Noise | None:
    """Returns one noise for all arms: the mean of their variances, weighted by degrees of freedom.

    Args:
        groups: Scores of replicates, one group for each arm (one source); all of one stratum.
        spent: Degrees of freedom that a covariate took, by which the scores were adjusted. At least one is left.

    Returns:
        None unless at least one arm has two scores.
    """
    arms = [(_variance(group), len(group) - 1) for group in groups if len(group) > 1]
    return _pool(arms, spent) if arms else None


def moderate(groups: Sequence[Sequence[float]], spent: int = 0) -> Moderated | None:
    """Returns the noise of each arm, shrunk towards that of the stratum.

    If s² is the variance of an arm with d degrees of freedom, its moderated variance is (d0 s0² + d s²) / (d0 + d) with d0 + d
    degrees of freedom. s0² and d0 are the parameters of the distribution of variances, estimated from the logarithms of all
    arms' variances. If the arms differ no more than by chance, all have the pooled noise. No arm gets more degrees of freedom
    than all replicates together.

    Args:
        groups: As for `pooled`.
        spent: As for `pooled`.

    Returns:
        None unless at least one arm has two scores.
    """
    arms = [(_variance(group), len(group) - 1) if len(group) > 1 else None for group in groups]
    replicated = [arm for arm in arms if arm is not None]
    if not replicated:
        return None
    together = _pool(replicated, spent)
    prior_variance, prior_degrees = _prior(replicated, together)

    def shrunk(arm: tuple[float, int] | None) -> Noise:
        own, degrees = arm or (0.0, 0)
        if math.isinf(prior_degrees):
            return together
        total = prior_degrees + degrees
        squared = (prior_degrees * prior_variance + degrees * own) / total
        return Noise(math.sqrt(squared), min(total, together.degrees))

    return Moderated(prior=shrunk(None), arms=[shrunk(arm) for arm in arms])


def of_pairs(groups: Sequence[Sequence[float]]) -> Noise | None:
    """Returns the noise of the difference within a pair of experiments, as the replicates of a stratum show it.

    Args:
        groups: As for `pooled`.

    Returns:
        None if it isn't known, or is 0.
    """
    moderated = moderate(groups)
    return None if moderated is None or moderated.prior.sd == 0 else of_difference(moderated.prior)


def of_difference(noise: Noise) -> Noise:
    """Returns the noise of the difference between two experiments with the same seed: √2 times that of one experiment.

    If the seed has the same effect on both, the difference varies less, and this value is conservative.
    """
    return Noise(math.sqrt(2) * noise.sd, noise.degrees)


def _variance(scores: Sequence[float]) -> float:
    """The sample variance; exactly 0 for equal scores. `statistics.variance` is exact but too slow for each new score."""
    if len(set(scores)) == 1:
        return 0.0
    centre = math.fsum(scores) / len(scores)
    return math.fsum((score - centre) ** 2 for score in scores) / (len(scores) - 1)


def _pool(arms: Sequence[tuple[float, int]], spent: int) -> Noise:
    degrees = max(1, sum(own_degrees for _, own_degrees in arms) - spent)
    return Noise(math.sqrt(math.fsum(own * own_degrees for own, own_degrees in arms) / degrees), degrees)


def _prior(arms: Sequence[tuple[float, int]], together: Noise) -> tuple[float, float]:
    """s0² and d0 from the mean and variance of log s² (Smyth 2004, section 6.2); d0 is infinite if the arms agree."""
    from scipy.special import digamma  # noqa: PLC0415  heavy

    if len(arms) < 2 or together.sd == 0:
        return together.sd**2, math.inf
    middle = median(own for own, _ in arms) or together.sd**2
    # A variance of exactly 0 has no logarithm: as in limma, it is raised to a small share of the median.
    moments = [_log_variance_moments(degrees) for _, degrees in arms]
    logs = [math.log(max(own, 1e-5 * middle)) - mean for (own, _), (mean, _) in zip(arms, moments, strict=True)]
    spread = _variance(logs) - fmean(variance for _, variance in moments)
    if spread <= 0:
        return together.sd**2, math.inf
    half = _inverse_trigamma(spread)
    return math.exp(fmean(logs) + float(digamma(half)) - math.log(half)), 2 * half


@cache
def _log_variance_moments(degrees: int) -> tuple[float, float]:
    """Mean and variance of log s² if the true variance is 1."""
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
