from __future__ import annotations

import math
from statistics import NormalDist, fmean

import numpy as np
import pytest
from labhand.server.domain import Verdict
from labhand.server.research.horizons import PAIRS, agreement, not_worse
from labhand.server.research.noise import Noise
from labhand.server.research.online_fdr import level
from labhand.server.research.paired_test import decide
from scipy import stats


def scores(*values: float) -> dict[str, float]:
    return {f"source {place}": value for place, value in enumerate(values)}


def test_tau_is_scipys_over_what_ran_at_both() -> None:
    short = scores(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    longer = scores(2, 1, 4, 3, 5, 7, 6, 8, 10)
    found = agreement(short, longer)
    assert found is not None
    assert found.configurations == 9
    assert found.tau == pytest.approx(stats.kendalltau(range(9), list(longer.values())).statistic)
    assert found.interval[0] < found.tau < found.interval[1] <= 1


def test_seven_configurations_say_nothing() -> None:
    assert agreement(scores(*range(20)), scores(*range(7))) is None
    assert agreement(scores(*range(7)), scores(*range(7))) is None


def test_the_best_alone_say_nothing_of_the_rest() -> None:
    assert agreement(scores(*range(40)), scores(*range(10))) is None
    assert agreement(scores(*range(40)), {f"source {place}": place for place in range(0, 40, 4)}) is not None


def test_scores_that_are_all_tied_say_nothing() -> None:
    assert agreement(scores(*range(8)), scores(*[1.0] * 8)) is None


def test_the_interval_covers_the_tau_of_a_normal_population() -> None:
    # For a correlation r, tau is (2/π) arcsin r. 400 samples: a coverage of 95 % has a standard error of 1.1 %.
    rng = np.random.default_rng(6)
    true = 2 / math.pi * math.asin(0.6)
    covered: list[bool] = []
    for _ in range(400):
        sample = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 30)
        found = agreement(scores(*sample[:, 0].tolist()), scores(*sample[:, 1].tolist()))
        assert found is not None
        covered.append(found.interval[0] <= true <= found.interval[1])
    assert float(np.mean(covered)) == pytest.approx(0.95, abs=0.035)


def test_a_candidate_behind_in_the_mean_does_not_lead() -> None:
    assert not_worse([0.1, -0.2, 0.3, 0.1]) is True
    assert not_worse([0.1, -0.5, 0.3, 0.0]) is False
    assert not_worse([1.0, 1.0, 1.0]) is None


def test_a_candidate_one_sigma_behind_passes_as_rarely_as_told() -> None:
    rng = np.random.default_rng(9)
    gains = -1 + math.sqrt(2) * rng.standard_normal((1000, 4))
    passed = float(np.mean([not_worse(pairs) is True for pairs in gains.tolist()]))
    assert passed == pytest.approx(stats.norm.sf(math.sqrt(2)), abs=0.026)  # three standard errors


def test_a_candidate_that_passed_its_test_by_luck_takes_it_along_where_longer_runs_go_on_from_the_test() -> None:
    # Ahead by one standard deviation between seeds in the eight pairs of a lab's first test, behind by one at the longer
    # budget. Where runs go on from those of the test, the noise of its first four pairs is partly that of the longer ones.
    rng = np.random.default_rng(2)
    luck = math.sqrt(2) * rng.standard_normal((10_000, 8))
    noise = Noise(math.sqrt(2), 10.0)
    is_confirmed = [decide(gains, 8, level(1, ()), noise).verdict is Verdict.CONFIRMED for gains in (1 + luck).tolist()]
    assert float(np.mean(is_confirmed)) == pytest.approx(0.074, abs=0.01)
    shared = luck[is_confirmed, :PAIRS].mean(axis=1)
    for correlation, expected in ((0.0, 0.079), (0.5, 0.20), (0.9, 0.33)):
        own = math.sqrt(2 * (1 - correlation**2) / PAIRS)
        passed = [NormalDist(correlation * luck - 1, own).cdf(0) for luck in shared.tolist()]
        assert 1 - fmean(passed) == pytest.approx(expected, abs=0.02)  # the mean of the longer pairs is at least 0
