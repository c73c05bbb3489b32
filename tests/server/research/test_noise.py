from __future__ import annotations

import math

import numpy as np
import pytest
from labhand.server.research.noise import Noise, best_by_luck, moderate, pooled
from scipy import special, stats


def test_pooled_noise_is_the_residual_standard_deviation_of_a_one_way_analysis_of_variance() -> None:
    groups = [[1.0, 1.2, 1.1], [2.0, 2.4], [3.0]]
    residuals = [score - float(np.mean(group)) for group in groups for score in group]
    noise = pooled(groups)
    assert noise is not None
    assert noise.degrees == 3
    assert noise.sd == pytest.approx(math.sqrt(sum(r * r for r in residuals) / 3))


def test_without_replicates_no_noise_is_known() -> None:
    assert pooled([]) is None
    assert pooled([[1.0], [2.0]]) is None
    assert moderate([[1.0], [2.0], []]) is None


def test_arms_that_agree_share_the_pooled_noise_with_all_degrees_of_freedom() -> None:
    groups = [[0.0, 1.0, 2.0], [5.0, 6.0, 7.0], [9.0]]
    moderated = moderate(groups)
    assert moderated is not None
    assert moderated.prior == pooled(groups) == Noise(1.0, 4)
    assert list(moderated.arms) == [Noise(1.0, 4)] * 3


def test_a_single_arm_keeps_its_own_noise() -> None:
    moderated = moderate([[0.0, 2.0]])
    assert moderated is not None
    assert moderated.arms[0] == Noise(math.sqrt(2), 1)


def test_the_prior_is_recovered_from_arms_drawn_from_it() -> None:
    # Smyth's model: 1/sigma² ~ chi²(d0) / (d0 s0²). With 1,000 arms of 4 replicates log s0² has a standard error of about 0.04,
    # log d0 of about 0.12 (spread over 40 seeds); three of them are allowed.
    rng = np.random.default_rng(5)
    d0, s0 = 4.0, 0.002
    sigma = s0 / np.sqrt(rng.chisquare(d0, 1000) / d0)
    scores = 1 + sigma[:, None] * rng.standard_normal((1000, 4))
    moderated = moderate(scores.tolist())
    assert moderated is not None
    assert math.log(moderated.prior.sd**2 / s0**2) == pytest.approx(0, abs=0.12)
    assert math.log(moderated.prior.degrees / d0) == pytest.approx(0, abs=0.36)
    # What it says of the arms: s² / s0² is F-distributed with d and d0 degrees of freedom.
    f = scores.var(axis=1, ddof=1) / moderated.prior.sd**2
    assert stats.kstest(f, stats.f(3, moderated.prior.degrees).cdf).pvalue > 0.01


def test_moderated_variances_are_smyths_weighted_mean_with_moments_of_log_variances() -> None:
    groups = [[0.0, 1.0, 2.0], [0.0, 0.1, 0.2], [0.0, 10.0, 20.0], [0.0, 0.02, 0.04], [3.0]]
    moderated = moderate(groups)
    assert moderated is not None
    # The prior's moments, solved for independently: E log s² and var log s² of s0² F(2, d0).
    variances = np.array([1.0, 0.01, 100.0, 0.0004])
    spread = np.var(np.log(variances), ddof=1) - special.polygamma(1, 1)
    d0, s0_squared = moderated.prior.degrees, moderated.prior.sd**2
    assert special.polygamma(1, d0 / 2) == pytest.approx(spread)
    expected = math.log(s0_squared) + special.digamma(1) - math.log(1) - special.digamma(d0 / 2) + math.log(d0 / 2)
    assert np.mean(np.log(variances)) == pytest.approx(expected)
    for arm, own in zip(moderated.arms, variances, strict=False):
        assert arm.sd**2 == pytest.approx((d0 * s0_squared + 2 * own) / (d0 + 2))
        assert arm.degrees == pytest.approx(d0 + 2)
    assert moderated.arms[4] == moderated.prior


def test_noisy_arms_do_not_fill_the_promotions() -> None:
    # A tenth of null arms is three times noisier. By pooled noise they'd take about a third or more of the extremes.
    rng = np.random.default_rng(1)
    sigma = np.where(np.arange(2000) % 10 == 0, 3.0, 1.0)
    scores = sigma[:, None] * rng.standard_normal((2000, 4))
    moderated, noise = moderate(scores.tolist()), pooled(scores.tolist())
    assert moderated is not None
    assert noise is not None
    gains = scores.mean(axis=1)

    def noisy_share(sds: np.ndarray) -> float:
        promoted = gains / sds > np.quantile(gains / sds, 0.97)
        return float((sigma[promoted] > 1).mean())

    # 60 promotions: a share has a standard error of at most 0.065.
    assert noisy_share(np.full(2000, noise.sd)) > 0.6
    assert noisy_share(np.array([arm.sd for arm in moderated.arms])) < 0.45


def test_identical_replicates_have_no_noise_and_do_not_break_the_rest() -> None:
    assert pooled([[1.0, 1.0], [2.0, 2.0, 2.0]]) == Noise(0.0, 3)
    moderated = moderate([[1.0, 1.0], [2.0, 2.0]])
    assert moderated is not None
    assert moderated.prior.sd == 0
    mixed = moderate([[1.0, 1.0], [1.0, 1.2], [1.0, 1.1]])
    assert mixed is not None
    assert all(0 < arm.sd < 1 for arm in mixed.arms)


def test_luck_alone_gives_better_scores_the_more_seeds_are_drawn() -> None:
    rng = np.random.default_rng(3)
    counts = (1, 10, 100)
    drawn = [float(np.median(rng.normal(2.0, 0.1, (1000, count)).min(axis=1))) for count in counts]
    lowest = best_by_luck(2.0, 0.1, counts, "minimize")
    assert lowest == pytest.approx(drawn, abs=0.03)
    assert best_by_luck(2.0, 0.1, counts, "maximize") == pytest.approx([4.0 - score for score in lowest])
    assert best_by_luck(2.0, 0.0, counts, "minimize") == best_by_luck(None, 0.1, counts, "minimize") == []
