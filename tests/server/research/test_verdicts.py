from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from labhand.server.domain import Verdict
from labhand.server.research.noise import Noise, moderate, pooled
from labhand.server.research.verdicts import judge
from scipy import stats

NOISE = Noise(0.001, 30)
REFERENCE = [0.990, 0.9905, 0.9895, 0.990]


def test_the_interval_is_that_of_the_two_sample_t_test() -> None:
    scores, reference = [0.98, 0.982, 0.979], [0.99, 0.991, 0.9885, 0.992]
    judgement = judge(scores, reference, pooled([scores, reference]), "minimize")
    expected = stats.ttest_ind(reference, scores).confidence_interval(0.95)
    assert judgement.interval == pytest.approx((expected.low, expected.high))
    assert judgement.verdict is Verdict.PROMISING


def test_one_seed_can_be_promising_or_worse_and_the_direction_decides_which() -> None:
    assert judge([0.98], REFERENCE, NOISE, "minimize").verdict is Verdict.PROMISING
    assert judge([0.98], REFERENCE, NOISE, "maximize").verdict is Verdict.WORSE
    assert judge([1.0], REFERENCE, NOISE, "maximize").gain == pytest.approx(0.01)


def test_no_number_of_seeds_makes_more_than_promising() -> None:
    judgement = judge([0.5] * 100, REFERENCE, NOISE, "minimize")
    assert judgement.verdict is Verdict.PROMISING
    assert "validation" in judgement.reason


def test_without_a_noise_floor_nothing_is_said_but_how_many_runs_give_one() -> None:
    judgement = judge([0.5], [0.99], None, "minimize")
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.reason.startswith("no_noise_floor")
    assert judgement.gain == pytest.approx(0.49)
    assert judgement.interval is None
    assert judgement.more_runs == 3


def test_without_a_scored_reference_there_is_no_gain() -> None:
    judgement = judge([0.5], [], NOISE, "minimize", against="e0057")
    assert judgement.reason.startswith("no_reference: e0057")
    assert judgement.gain is None
    assert judgement.more_runs == 4


def test_a_difference_below_one_sigma_is_within_noise_and_says_how_many_runs_would_settle_it() -> None:
    judgement = judge([0.9891], REFERENCE, NOISE, "minimize")
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.reason.startswith("within_noise")
    assert judgement.more_runs == 19 + 16  # 0.9 sigma takes 20 an arm; one and four are there


def test_a_larger_difference_that_stays_open_lacks_seeds() -> None:
    judgement = judge([0.9882], REFERENCE, NOISE, "minimize")
    assert judgement.reason.startswith("few_seeds")
    assert judgement.more_runs == 4 + 1


def test_a_difference_that_no_sensible_number_of_runs_resolves_is_said_to_be_so() -> None:
    for score in (0.98999, 0.99):
        judgement = judge([score], REFERENCE, NOISE, "minimize")
        assert judgement.more_runs is None
        assert "too small to resolve" in judgement.reason


def test_a_few_baseline_replicates_make_a_cautious_judge() -> None:
    known_badly = Noise(0.001, 3)
    assert judge([0.9875], REFERENCE, NOISE, "minimize").verdict is Verdict.PROMISING
    judgement = judge([0.9875], REFERENCE, known_badly, "minimize")
    assert judgement.reason.startswith("few_seeds")
    assert judgement.more_runs is not None


def test_an_unseeded_trainer_gets_a_verdict_that_says_so() -> None:
    silent = Noise(0.0, 3)
    better = judge([0.98], [0.99] * 4, silent, "minimize")
    assert better.verdict is Verdict.PROMISING
    assert "same score" in better.reason
    assert judge([1.0], [0.99] * 4, silent, "minimize").verdict is Verdict.WORSE
    assert judge([0.99], [0.99] * 4, silent, "minimize").verdict is Verdict.INCONCLUSIVE


def test_nothing_to_judge_is_refused() -> None:
    with pytest.raises(ValueError, match="is empty"):
        judge([], REFERENCE, NOISE, "minimize")


def test_null_experiments_are_called_promising_no_more_often_than_the_level_says() -> None:
    # 400 strata of one null experiment each: 2.5 % on either side; a count of 10 has a standard deviation of 3.1.
    rng = np.random.default_rng(7)
    verdicts: list[Verdict] = []
    for _ in range(400):
        baseline = rng.standard_normal(4).tolist()
        moderated = moderate([baseline, [0.0]])
        assert moderated is not None
        verdicts.append(judge(rng.standard_normal(1).tolist(), baseline, moderated.prior, "maximize").verdict)
    assert 1 <= verdicts.count(Verdict.PROMISING) <= 20
    assert 1 <= verdicts.count(Verdict.WORSE) <= 20


def test_the_research_modules_of_a_launch_load_without_scipy() -> None:
    code = "import sys, labhand.server.research.verdicts; sys.exit('scipy' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0
