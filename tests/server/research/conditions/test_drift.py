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


def test_a_steady_baseline_is_rarely_suspected() -> None:
    # 400 steady baselines at 1 %: a count of 4 with a standard deviation of 2.
    rng = np.random.default_rng(0)
    times = list(range(10))
    suspected = [found.suspected for row in rng.standard_normal((400, 10)).tolist() if (found := drift(times, row))]
    assert len(suspected) == 400
    assert sum(suspected) <= 10


def test_where_nothing_can_be_told_nothing_is() -> None:
    assert drift(list(range(5)), [1.0, 1.1, 1.2, 1.3, 1.4]) is None
    assert drift([1.0] * 6, [1.0, 1.1, 1.2, 1.3, 1.4, 1.5]) is None
    assert drift(list(range(6)), [1.0] * 6) is None
