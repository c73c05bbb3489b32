from __future__ import annotations

import math

import numpy as np
from labhand.server.research.noise import Noise
from labhand.server.research.plausibility import too_good

SEEN = [1.000, 0.999, 1.001, 0.998, 1.004, 0.995]
NOISE = Noise(0.001, 10)


def test_a_crash_logged_as_zero_is_suspected() -> None:
    assert too_good(0.0, SEEN, NOISE, "minimize")
    assert too_good(0.0, SEEN[:1], None, "minimize")


def test_a_leap_of_all_progress_so_far_is_suspected_and_a_step_is_not() -> None:
    assert too_good(0.980, SEEN, NOISE, "minimize")
    assert too_good(0.993, SEEN, NOISE, "minimize") is None
    assert too_good(1.5, SEEN, NOISE, "minimize") is None
    assert too_good(0.980, SEEN, NOISE, "maximize") is None


def test_a_leap_within_noise_is_none() -> None:
    assert too_good(0.985, SEEN, Noise(0.003, 10), "minimize") is None


def test_where_more_is_better_the_direction_turns() -> None:
    assert too_good(0.9, [0.50, 0.51, 0.52, 0.50, 0.49], Noise(0.005, 9), "maximize")
    assert too_good(0.9, [0.5], None, "maximize") is None
    assert too_good(1.1, [0.5], None, "maximize")


def test_without_others_only_what_is_no_number_is_suspected() -> None:
    assert too_good(0.1, [], None, "minimize") is None
    assert too_good(math.nan, [], None, "minimize")
    assert too_good(-math.inf, SEEN, NOISE, "minimize")


def test_an_honest_search_is_rarely_suspected() -> None:
    # 400 scores of configurations that differ by five times the noise: a few leaps while little is known are to be expected.
    rng = np.random.default_rng(3)
    scores = (1 + 0.005 * rng.standard_normal(400)).tolist()
    suspected = [place for place in range(400) if too_good(scores[place], scores[:place], NOISE, "minimize")]
    assert len(suspected) <= 3
