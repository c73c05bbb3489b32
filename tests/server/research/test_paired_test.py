from __future__ import annotations

import math
from importlib import import_module

import numpy as np
import pytest
from labhand.server.domain import Verdict
from labhand.server.research.noise import Noise, of_difference
from labhand.server.research.paired_test import decide, estimate, looks, needed_gain, spending
from scipy import stats

GAINS = [0.9, 1.4, 0.4, 1.1, 0.8, 1.9, 0.2, 1.3]


def test_without_a_prior_it_is_the_paired_t_test() -> None:
    champion = np.array([1.003, 1.001, 1.004, 1.002])
    candidate = np.array([1.002, 0.999, 1.0035, 1.0])
    trial = decide((champion - candidate).tolist(), pairs=4, level=0.05)
    assert trial.p == pytest.approx(stats.ttest_rel(champion, candidate, alternative="greater").pvalue)
    assert trial.verdict is Verdict.CONFIRMED


def test_with_a_prior_the_variance_is_smyths_but_never_below_the_pairs_own() -> None:
    own = float(np.var(GAINS, ddof=1))
    for sd, squared in [(1.0, (20 * 1.0 + 7 * own) / 27), (0.01, own)]:
        trial = decide([*GAINS], pairs=8, level=1e-12, prior=Noise(sd, 20))
        assert trial.p == pytest.approx(stats.t.sf(np.mean(GAINS) / math.sqrt(squared / 8), 27))


@pytest.mark.parametrize(("pairs", "level"), [(3, 0.0013), (8, 0.01), (64, 0.05)])
def test_a_gain_that_is_needed_is_one_whose_p_value_is_the_level(pairs: int, level: float) -> None:
    prior = Noise(0.5, 6.0)
    gain = needed_gain(pairs, level, prior)
    spread = np.array(sorted(np.linspace(-1, 1, pairs), key=abs))  # so that the pairs of the first look are alike
    gains = (gain + 0.5 * spread / np.std(spread, ddof=1)).tolist()
    assert decide(gains, pairs, 1e-300, prior).p == pytest.approx(level)


def test_a_candidate_far_ahead_is_confirmed_at_half_and_what_came_later_changes_nothing() -> None:
    far = [gain + 6 for gain in GAINS[:4]]
    trial = decide(far, pairs=8, level=0.05)
    assert (trial.verdict, trial.pairs) == (Verdict.CONFIRMED, 4)
    assert decide([*far, -9.0, -9.0, -9.0, -9.0], pairs=8, level=0.05) == trial
    assert decide([*far, None], pairs=8, level=0.05) == trial


def test_the_level_is_spent_as_the_published_boundary_has_it() -> None:
    # O'Brien-Fleming-like spending of a one-sided 2.5 % at half: a boundary of z = 2.963 (any table of such designs).
    assert spending(0.025, 0.5) == pytest.approx(stats.norm.sf(2.963), rel=0.002)
    assert spending(1e-6, 1.0) == pytest.approx(1e-6)


def test_both_looks_together_spend_the_level_once() -> None:
    assert [looks(pairs) for pairs in (8, 5, 4)] == [[4, 8], [3, 5], [4]]
    gains = [0.1, -0.2, 0.3, 0.1, 0.2, 0.3, -0.1, 0.2]
    first, last = (decide(gains[:pairs], pairs=8, level=0.01).level or 0.0 for pairs in (4, 8))
    assert first == pytest.approx(spending(0.01, 0.5))
    assert first + last == pytest.approx(0.01)


def test_between_looks_nothing_is_decided() -> None:
    assert decide(GAINS[:3], pairs=8, level=0.05).verdict is Verdict.PENDING
    assert decide([], pairs=8, level=0.05).verdict is Verdict.PENDING
    open_at_half = decide(GAINS[:5], pairs=8, level=1e-5)
    assert open_at_half.verdict is Verdict.PENDING
    assert open_at_half.pairs == 4


def test_a_candidate_that_is_not_ahead_at_half_is_given_up() -> None:
    trial = decide([-0.1, 0.2, -0.3, 0.1], pairs=8, level=0.05)
    assert trial.verdict is Verdict.NOT_SHOWN
    assert trial.pairs == 4


def test_a_candidate_cannot_choose_its_seeds_by_crashing() -> None:
    trial = decide([9.0, 9.1, 9.2, None], pairs=8, level=0.05)
    assert trial.verdict is Verdict.NOT_SHOWN
    assert "failed" in trial.reason


def test_pairs_that_all_came_out_the_same_are_judged_by_what_is_known_of_the_noise_and_by_nothing_else() -> None:
    assert decide([1.0] * 8, pairs=8, level=0.05).verdict is Verdict.NOT_SHOWN
    assert decide([1.0] * 8, pairs=8, level=0.05, prior=Noise(0.0, 20)).verdict is Verdict.NOT_SHOWN
    assert decide([1.0] * 8, pairs=8, level=0.05, prior=Noise(3.0, 20)).verdict is Verdict.NOT_SHOWN
    assert decide([1.0] * 8, pairs=8, level=0.05, prior=Noise(0.3, 20)).verdict is Verdict.CONFIRMED


def test_one_pair_can_show_nothing() -> None:
    with pytest.raises(ValueError, match="two pairs"):
        decide([1.0], pairs=1, level=0.05)


def test_two_looks_keep_the_level_where_peeking_at_each_pair_breaks_it() -> None:
    # 4,000 null validations at 5 %: a rate of 0.05 has a standard error of 0.0035.
    rng = np.random.default_rng(11)
    samples = rng.standard_normal((4000, 8)) * math.sqrt(2)
    t_at = {n: samples[:, :n].mean(axis=1) / samples[:, :n].std(axis=1, ddof=1) * math.sqrt(n) for n in range(4, 9)}
    peeking = np.logical_or.reduce([t_at[n] > stats.t.isf(0.05, n - 1) for n in t_at]).mean()
    ours = np.mean([decide(gains, pairs=8, level=0.05).verdict is Verdict.CONFIRMED for gains in samples[:2000].tolist()])
    assert peeking > 0.08
    assert ours <= 0.05 + 3 * 0.005


def test_a_candidate_three_times_as_noisy_as_its_stratum_gains_little() -> None:
    # At 1 %, where shrinking alone would let 6 % pass. 2,000 null validations: a rate of 3 % has a standard error of 0.4 %.
    rng = np.random.default_rng(0)
    samples = math.sqrt(10) * rng.standard_normal((2000, 8))
    priors = [of_difference(Noise(math.sqrt(scale), 20)) for scale in (rng.chisquare(20, 2000) / 20).tolist()]
    verdicts = [decide(gains, 8, 0.01, prior).verdict for gains, prior in zip(samples.tolist(), priors, strict=True)]
    shrunk = np.sqrt((20 * np.array([prior.sd**2 for prior in priors]) + 7 * samples.var(axis=1, ddof=1)) / 27 / 8)
    assert np.mean(samples.mean(axis=1) / shrunk > stats.t.isf(0.01, 27)) > 0.05
    assert verdicts.count(Verdict.CONFIRMED) / 2000 < 0.03


def test_three_sigma_is_found_at_the_twenty_first_candidate_with_eight_pairs() -> None:
    # A stratum whose noise is known from 20 degrees of freedom. statsmodels gives the power of eight pairs without it, at one
    # look with all of the level. 500 validations: a standard error below 0.02.
    rng = np.random.default_rng(2)
    found: list[bool] = []
    for _ in range(500):
        prior = of_difference(Noise(math.sqrt(rng.chisquare(20) / 20), 20))
        trial = decide((3 + math.sqrt(2) * rng.standard_normal(8)).tolist(), pairs=8, level=4.9e-5, prior=prior)
        found.append(trial.verdict is Verdict.CONFIRMED)
    alone = import_module("statsmodels.stats.power").TTestPower().power(3 / math.sqrt(2), 8, 4.9e-5, alternative="larger")
    assert alone < 0.4
    assert np.mean(found) > 0.7


def test_a_gain_is_reported_from_eight_pairs_or_not_at_all() -> None:
    assert estimate(GAINS[:7]) is None
    reported = estimate(GAINS)
    expected = stats.ttest_1samp(GAINS, 0).confidence_interval(0.95)
    assert reported is not None
    assert reported.gain == pytest.approx(1.0)
    assert reported.interval == pytest.approx((expected.low, expected.high))


def test_a_gain_from_pairs_that_passed_flatters_and_one_from_fresh_pairs_does_not() -> None:
    rng = np.random.default_rng(4)
    passed: list[float] = []
    fresh: list[float] = []
    while len(passed) < 150:
        gains = (1 + math.sqrt(2) * rng.standard_normal(8)).tolist()
        trial = decide(gains, pairs=8, level=0.001, prior=Noise(math.sqrt(2), 50))
        if trial.verdict is Verdict.CONFIRMED and trial.gain is not None:
            passed.append(trial.gain)
            reported = estimate((1 + math.sqrt(2) * rng.standard_normal(8)).tolist())
            assert reported is not None
            fresh.append(reported.gain)
    # A mean of 150 gains of eight pairs has a standard error of 0.04.
    assert np.mean(passed) > 1.5
    assert abs(np.mean(fresh) - 1) < 0.12
