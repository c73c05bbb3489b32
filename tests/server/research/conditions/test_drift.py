from __future__ import annotations

import numpy as np
import pytest
from labhand.server.research.conditions.drift import drift
from scipy import stats


def test_a_trend_is_that_of_scipys_linear_regression() -> None:
    rng = np.random.default_rng(2)
    times = (1.8e9 + 3600 * np.arange(12)).tolist()
    scores = (1 + 0.0005 * np.arange(12) + 0.0004 * rng.standard_normal(12)).tolist()
    found, expected = drift(times, scores), stats.linregress(np.array(times) - times[0], scores)
    assert found is not None
    assert found.per_day == pytest.approx(expected.slope * 86400, rel=1e-4)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-3)
    assert found.suspected


def test_a_steady_baseline_is_suspected_in_less_than_one_lab_of_a_hundred_however_often_it_is_looked_at() -> None:
    rng = np.random.default_rng(0)
    suspected = sum(_is_ever_suspected(rng, runs=60) for _ in range(300))
    assert suspected <= 1


def test_a_drift_of_several_standard_deviations_is_found() -> None:
    rng = np.random.default_rng(1)
    times = [600.0 * place for place in range(30)]
    drifting = [drift(times, (rng.standard_normal(30) + np.linspace(0, 5, 30)).tolist()) for _ in range(100)]
    assert sum(found is not None and found.suspected for found in drifting) >= 90


def test_a_trend_within_the_noise_is_not_suspected_however_significant_it_is() -> None:
    rng = np.random.default_rng(3)
    times = (60.0 * np.arange(20_000)).tolist()
    found = drift(times, (rng.standard_normal(20_000) + np.linspace(0, 0.5, 20_000)).tolist())
    assert found is not None
    assert found.p < 1e-10
    assert found.change == pytest.approx(0.5, abs=0.1)
    assert not found.suspected


def test_minutes_show_no_drift() -> None:
    scores = [1.0, 1.1, 1.2, 1.3, 1.4, 1.51, 1.6]
    assert drift([60.0 * place for place in range(7)], scores) is None
    assert drift([3600.0 * place for place in range(7)], scores) is not None


def test_where_nothing_can_be_told_nothing_is() -> None:
    hours = [3600.0 * place for place in range(6)]
    assert drift(hours[:5], [1.0, 1.1, 1.2, 1.3, 1.4]) is None
    assert drift([1.0] * 6, [1.0, 1.1, 1.2, 1.3, 1.4, 1.5]) is None
    assert drift(hours, [1.0] * 6) is None


def _is_ever_suspected(rng: np.random.Generator, runs: int) -> bool:
    """Look after each run of a steady baseline, whose runs come in bunches as validations make them."""
    gaps = np.where(rng.random(runs) < 1 / 6, rng.exponential(3600.0, runs), 10.0)
    times, scores = (3600.0 * np.arange(runs) / runs + np.cumsum(gaps)).tolist(), rng.standard_normal(runs).tolist()
    looks = (drift(times[:count], scores[:count]) for count in range(6, runs + 1))
    return any(found is not None and found.suspected for found in looks)
