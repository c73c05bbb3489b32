from __future__ import annotations

import math

import numpy as np
import pytest
from labhand.server.domain import Metric, Verdict
from labhand.server.research.arms import CONTENDED, SLOW, Arms, NewVerdict, ScoredExperiment
from labhand.server.research.conditions.pace import TOLD_SIGNIFICANCE, PacedScore, RunPace, fit_slope

METRIC = Metric("val_bpb", "minimize", self_reported=False)
SLOPE = 0.13
"""Gain for each unit of log steps."""


def row(
    number: int, tree: str, score: float, steps: float, *, began: float | None = None, share: float | None = None
) -> ScoredExperiment:
    """A scored experiment whose run took 100 s; by default no other went on at the same time."""
    start = 1000.0 * number if began is None else began
    return ScoredExperiment(number, tree, score, tree == "baseline", pace=RunPace(steps, start, start + 100.0, share))


def judged(*rows: ScoredExperiment) -> dict[int, NewVerdict]:
    """The verdicts of a stratum."""
    arms = Arms(METRIC, "baseline")
    arms.add(rows)
    return {new.number: new for new in arms.pronounce(list(arms.scored))}


BASELINE = [row(1, "baseline", 2.000, 275), row(2, "baseline", 2.006, 274), row(3, "baseline", 1.995, 277)]
SLOWED = row(4, "baseline", 2.000 + SLOPE * math.log(275 / 205), 205)
"""A replicate of the baseline that got less of the machine."""


def test_log_steps_explain_most_of_what_was_told_as_noise_between_seeds() -> None:
    rng = np.random.default_rng(3)
    logs = rng.normal(0, 0.117, 40)
    scores = 2 - SLOPE * logs + rng.normal(0, 0.007, 40)
    arm = [PacedScore(float(score), RunPace(275 * math.exp(log), 0.0, 1.0)) for score, log in zip(scores, logs, strict=True)]
    fitted = fit_slope(METRIC, [arm])
    reference = np.polynomial.Polynomial.fit(logs, -scores, 1).convert().coef
    assert fitted.slope == pytest.approx(reference[1])
    assert fitted.explained == pytest.approx(0.83, abs=0.05)
    assert fitted.sd == pytest.approx(0.0070, abs=0.0012)


@pytest.mark.parametrize("seeds", [(4,), (4, 2), (4, 4), (8, 8)])
def test_where_steps_matter_nothing_a_slope_is_seen_once_in_a_hundred_strata(seeds: tuple[int, ...]) -> None:
    rng = np.random.default_rng(11)
    arms = [[_independent(rng, count) for count in seeds] for _ in range(1000)]
    slopes = [fit_slope(METRIC, replicated, TOLD_SIGNIFICANCE).slope for replicated in arms]
    assert sum(slope > 0 for slope in slopes) <= 20  # expected 10, with a standard deviation of 3


def test_a_source_without_a_gain_is_not_promising_more_often_because_steps_are_looked_at() -> None:
    rng = np.random.default_rng(12)
    found = [_verdict_on_nothing(rng) for _ in range(1200)]
    assert found.count(Verdict.PROMISING) <= 48  # 2.5 % are 30, with a standard deviation of 5.4
    assert found.count(Verdict.WORSE) <= 48


def _independent(rng: np.random.Generator, count: int) -> list[PacedScore]:
    """Replicates on an unsteady machine, whose steps say nothing of their scores."""
    lags = np.where(rng.random(count) < 0.25, rng.exponential(0.3, count), np.abs(rng.normal(0, 0.01, count)))
    return [
        PacedScore(float(score), RunPace(1000 * math.exp(-lag), 0.0, 1.0))
        for score, lag in zip(rng.normal(2, 0.01, count), lags, strict=True)
    ]


def _verdict_on_nothing(rng: np.random.Generator) -> Verdict:
    """The verdict on a source that is as good as a baseline of four seeds."""
    paced = _independent(rng, 5)
    steps = [score.pace.steps for score in paced if score.pace is not None]
    baseline = [row(place, "baseline", paced[place].score, steps[place]) for place in range(4)]
    return judged(*baseline, row(9, "idea", paced[4].score, steps[4]))[9].verdict


def test_two_slow_runs_do_not_make_every_verdict_in_the_lab_inconclusive() -> None:
    slow_idea = row(6, "idea", 1.97 + SLOPE * math.log(275 / 200), 200)
    verdicts = judged(
        *BASELINE, SLOWED, row(5, "idea", 1.97, 275), slow_idea, row(7, "other", 1.94, 276), row(8, "bad", 2.06, 275)
    )
    assert [verdicts[number].verdict for number in (5, 6, 7, 8)] == [
        Verdict.PROMISING,
        Verdict.PROMISING,
        Verdict.PROMISING,
        Verdict.WORSE,
    ]
    assert [verdicts[number].doubt for number in (4, 6)] == [CONTENDED, CONTENDED]
    assert all(verdicts[number].doubt is None for number in (1, 2, 3, 5, 7, 8))


def test_one_run_with_205_steps_instead_of_275_is_slow_and_not_worse() -> None:
    idea = row(9, "idea", 2.000 + SLOPE * math.log(275 / 205), 205)
    verdict = judged(*BASELINE, SLOWED, idea)[9]
    assert (verdict.verdict, verdict.doubt) == (Verdict.INCONCLUSIVE, SLOW)
    assert verdict.reason.startswith("slow: it made 205 steps where the reference makes 275")
    assert verdict.gain == pytest.approx(2.00025 + SLOPE * math.log(275 / 205) / 4 - idea.score, abs=1e-4)


def test_a_change_that_is_itself_slower_pays_for_it_once_another_seed_is_as_slow() -> None:
    ideas = [row(9, "idea", 2.040, 205), row(10, "idea", 2.036, 207)]
    verdicts = judged(*BASELINE, SLOWED, *ideas)
    assert {verdicts[number].verdict for number in (9, 10)} == {Verdict.WORSE}
    assert {verdicts[number].doubt for number in (9, 10)} == {None}


def test_on_a_machine_that_is_steady_fewer_steps_are_the_changes_own() -> None:
    steady = [*BASELINE, row(4, "baseline", 2.002, 275)]
    verdict = judged(*steady, row(9, "idea", 2.040, 205))[9]
    assert (verdict.verdict, verdict.doubt) == (Verdict.WORSE, None)


def test_a_loss_beyond_what_the_lag_explains_is_worse_all_the_same() -> None:
    assert judged(*BASELINE, SLOWED, row(9, "idea", 2.2, 205))[9].verdict is Verdict.WORSE


def test_a_run_beside_a_slowed_replicate_of_the_reference_is_contended_and_compared_at_the_usual_pace() -> None:
    beside = row(9, "idea", 1.97 + SLOPE * math.log(275 / 205), 205, began=4010.0)
    verdict = judged(*BASELINE, SLOWED, beside)[9]
    assert (verdict.verdict, verdict.doubt) == (Verdict.PROMISING, CONTENDED)


def test_a_run_that_got_half_of_its_core_is_contended_even_where_the_machine_was_steady_before() -> None:
    baseline = [row(number, "baseline", score, 275, share=0.99) for number, score in enumerate((2.0, 2.006, 1.995, 2.001), 1)]
    verdict = judged(*baseline, row(9, "idea", 2.06, 210, share=0.5))[9]
    assert (verdict.verdict, verdict.doubt) == (Verdict.INCONCLUSIVE, CONTENDED)


def test_a_source_that_always_uses_less_of_its_core_is_not_contended() -> None:
    baseline = [row(number, "baseline", score, 275, share=0.99) for number, score in enumerate((2.0, 2.006, 1.995, 2.001), 1)]
    ideas = [row(number, "idea", 2.06 + number / 1000, 210, share=0.5) for number in (9, 10)]
    verdicts = judged(*baseline, *ideas)
    assert {(verdicts[number].verdict, verdicts[number].doubt) for number in (9, 10)} == {(Verdict.WORSE, None)}
    threads = [row(number, "baseline", score, 275, share=3.6) for number, score in enumerate((2.0, 2.006, 1.995, 2.001), 1)]
    assert judged(*threads, row(9, "idea", 2.06, 210, share=1.9))[9].verdict is Verdict.WORSE


@pytest.mark.parametrize("claimed", [1e-9, 100.0])
def test_a_source_gains_nothing_by_reporting_few_steps(claimed: float) -> None:
    lying = [row(9, "idea", 2.00, 275), row(10, "idea", 2.01, claimed)]
    arms = Arms(METRIC, "baseline")
    arms.add([*BASELINE, SLOWED, *lying])
    assert arms.paces is not None
    brought = arms.paces.at_usual_pace([PacedScore(each.score, each.pace) for each in lying])
    assert min(brought) == 2.00
    verdicts = judged(*BASELINE, SLOWED, *lying, row(11, "alone", 2.0, claimed))
    assert {verdicts[number].verdict for number in (9, 10, 11)} == {Verdict.INCONCLUSIVE}


def test_runs_that_report_no_steps_are_judged_as_before() -> None:
    rows = [ScoredExperiment(number, "baseline", score, is_reference=True) for number, score in enumerate((2.0, 2.01, 1.99), 1)]
    verdicts = judged(*rows, ScoredExperiment(9, "idea", 2.2, is_reference=False))
    assert (verdicts[9].verdict, verdicts[9].doubt) == (Verdict.WORSE, None)
