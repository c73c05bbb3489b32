from __future__ import annotations

import math

import numpy as np
import pytest
from labhand.server.research.online_fdr import level
from scipy import special


def run_stream(p_values: list[float], initial: float = 0.025) -> tuple[list[float], list[int]]:
    levels: list[float] = []
    confirmed: list[int] = []
    for test, p in enumerate(p_values, start=1):
        levels.append(level(test, confirmed, initial=initial))
        if p <= levels[-1]:
            confirmed.append(test)
    return levels, confirmed


def test_levels_are_those_of_the_published_example_of_the_r_package_onlinefdr() -> None:
    # The sample data and output of `LORD(sample.df, random=FALSE)` in onlineFDR's reference, where w0 = alpha / 10.
    p_values = [
        2.90e-08, 0.06743, 0.01514, 0.08174, 0.00171, 3.60e-05, 0.79149, 0.27201, 0.28295, 7.59e-08, 0.69274, 0.30443, 0.00136,
        0.72342, 0.54757,
    ]  # fmt: skip
    published = [
        0.0002675839, 0.0024664457, 0.0005732818, 0.0004872805, 0.0004059066, 0.0003447286, 0.0029745013, 0.0008450114,
        0.0007305648, 0.0006243143, 0.0032185913, 0.0010617227, 0.0009256825, 0.0008019657, 0.0007059610,
    ]  # fmt: skip
    levels, confirmed = run_stream(p_values, initial=0.005)
    assert levels == pytest.approx(published, abs=1e-10)
    assert confirmed == [1, 6, 10]


def test_all_that_is_staked_is_never_more_than_the_initial_wealth() -> None:
    # Levels without a confirmation are w0 g(t). Beyond n they sum to the integral of log(x) / (x exp(√log x)): 2 Γ(4, √log n).
    n = 20_000
    first = math.fsum(level(test, []) / 0.025 for test in range(1, n + 1))
    beyond = 0.07720838 * 2 * special.gammaincc(4, math.sqrt(math.log(n + 0.5))) * special.gamma(4)
    assert 0.97 < first + beyond <= 1


def test_a_hundred_null_candidates_one_at_a_time_are_almost_never_confirmed() -> None:
    some = 1 - math.prod(1 - level(test, []) for test in range(1, 101))
    assert some < 0.025
    assert 1 - 0.95**100 > 0.99  # what a plain 5 % would do


def test_the_false_discovery_rate_is_held_and_confirmations_earn_power() -> None:
    rng = np.random.default_rng(3)
    shares: list[float] = []
    for _ in range(300):
        null = rng.random(40) < 0.7
        p_values = special.ndtr(-(rng.standard_normal(40) + np.where(null, 0.0, 4.0)))
        _, confirmed = run_stream(p_values.tolist())
        false = sum(bool(null[test - 1]) for test in confirmed)
        shares.append(false / max(1, len(confirmed)))
    # The share's standard error over 300 campaigns is below 0.006.
    assert float(np.mean(shares)) <= 0.05 + 3 * float(np.std(shares)) / math.sqrt(300)
    assert level(21, [5, 12]) > 5 * level(21, [])


def test_a_confirmation_that_comes_late_counts_from_when_it_was_known() -> None:
    # The first test was confirmed when three had been launched: the fourth is the first to profit, as from a confirmed third.
    assert level(4, [3]) > level(4, [1])
    assert level(4, [3]) == pytest.approx(
        level(4, []) + level(1, [])
    )  # w0 is half of the rate, so that both halves weigh alike


def test_a_test_cannot_know_of_what_came_after_it() -> None:
    for test, confirmations in [(3, [3]), (3, [0]), (0, [])]:
        with pytest.raises(ValueError, match="can't depend on"):
            level(test, confirmations)
