from __future__ import annotations

from importlib import import_module

import pytest
from labhand.server.domain import Failure
from labhand.server.research.policy import baseline_due, baseline_replicates, runs_needed, spot_check, storm


def test_the_first_launch_adds_what_lacks_of_four_baseline_replicates() -> None:
    assert [baseline_replicates(existing) for existing in (0, 1, 4, 9)] == [4, 3, 0, 0]
    assert baseline_replicates(2, wanted=8) == 6


def test_the_baseline_is_interleaved_once_in_fifty_experiments() -> None:
    since, ran = 0, 0
    for _ in range(200):
        since += 1
        if baseline_due(since, every=50):
            since, ran = 0, ran + 1
    assert ran == 4
    assert not baseline_due(10_000, every=0)


def test_the_first_stopped_run_and_every_tenth_after_it_are_checked() -> None:
    assert [stopped for stopped in range(1, 31) if spot_check(stopped)] == [1, 11, 21]


def test_three_failures_of_a_kind_and_no_success_are_a_storm() -> None:
    crash = Failure.CRASHED
    assert storm([crash, Failure.DIVERGED, crash, crash]) is crash
    assert storm([crash, crash, Failure.DIVERGED, Failure.DIVERGED]) is None
    assert storm([crash, crash, crash, None]) is None
    assert storm([]) is None


def test_lost_machines_are_not_held_against_a_source() -> None:
    assert storm([Failure.LOST_MACHINE] * 5) is None
    assert storm([Failure.LOST_MACHINE] * 5 + [Failure.TAMPERING] * 3) is Failure.TAMPERING


def test_failures_of_the_evaluator_hold_what_waits_until_a_person_mends_it() -> None:
    assert storm([Failure.EVALUATOR_FAILED] * 3) is Failure.EVALUATOR_FAILED


def test_one_sigma_takes_sixteen_runs_an_arm_and_two_sigma_four() -> None:
    assert runs_needed(1.0) == 16
    assert runs_needed(-2.0) == 4
    assert runs_needed(50.0) == 1


def test_runs_needed_reach_the_power_that_statsmodels_computes() -> None:
    power_of = import_module("statsmodels.stats.power").NormalIndPower().power
    for effect, power, alpha in [(0.5, 0.8, 0.05), (1.0, 0.9, 0.01), (1.7, 0.8, 0.05)]:
        runs = runs_needed(effect, power, alpha)
        # The other side's tail, which the formula neglects, is far below the tolerance.
        assert power_of(effect, runs, alpha) >= power - 1e-6
        assert power_of(effect, runs - 1, alpha) < power


def test_no_number_of_runs_tells_an_effect_of_nothing() -> None:
    with pytest.raises(ValueError, match="no number of runs"):
        runs_needed(0.0)


def test_the_baseline_runs_ten_times_as_often_while_the_machine_is_unsteady() -> None:
    assert not baseline_due(4, 50, is_unsteady=True)
    assert baseline_due(5, 50, is_unsteady=True)
    assert not baseline_due(5, 50)
    assert not baseline_due(500, 0, is_unsteady=True)
