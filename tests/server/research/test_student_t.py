from __future__ import annotations

import math

import pytest
from labhand.server.research import student_t
from scipy import stats


@pytest.mark.parametrize("degrees", [1.0, 3.0, 7.5, 40.0, math.inf])
def test_it_is_scipys_distribution_also_for_fractions_of_a_degree_and_without_end(degrees: float) -> None:
    known = stats.norm if math.isinf(degrees) else stats.t(degrees)
    assert student_t.quantile(0.975, degrees) == pytest.approx(float(known.ppf(0.975)))
    assert student_t.upper_tail(2.5, degrees) == pytest.approx(float(known.sf(2.5)))
    assert student_t.upper_tail(-2.5, degrees) == pytest.approx(float(known.sf(-2.5)))
    half = 0.1 * float(known.ppf(0.975))
    assert student_t.interval(2.0, 0.1, degrees) == pytest.approx((2.0 - half, 2.0 + half))


def test_small_tails_keep_their_digits() -> None:
    assert student_t.upper_tail(30.0, 20.0) == pytest.approx(float(stats.t(20).sf(30.0)), rel=1e-6)
    assert student_t.upper_tail(30.0, 20.0) > 0
