"""What random search, and the optimiser, would have reached with the same experiments, beside what was reached."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from pydantic import JsonValue

from ...domain import Metric, Purpose, Stratum
from ...research import search_baselines
from ...research.tpe import TrialRecord
from ...store.experiments.trials import TriedExperiment
from ..results.experiment_rows import decimals
from .factors import differing

SEEDS = 3
"""Of the sampler, over which the optimiser is averaged."""
LONGEST_REPLAY = 100
"""Experiments up to which the optimiser is replayed: each step takes longer than the one before."""
STEPS = 4
"""Equal parts of the course after which the three are compared."""
FEWEST = 8

_TELLS = (
    "Gains of the best score so far on the baseline's mean, with its luck: compare the three with one another, not with a"
    " confirmed gain.",
    "random_search is the mean over all orders of what ran: fair to random search where cells were drawn at random, better than"
    " it where somebody had chosen them well. optimiser is Optuna's TPE choosing among what ran.",
)


def compare(
    experiments: Sequence[TriedExperiment], stratum: Stratum, metric: Metric
) -> tuple[list[dict[str, JsonValue]], list[str]]:
    """The best gain on the baseline after so many experiments, as it was and as either would have had it; with how to read it.

    Args:
        experiments: Of one code, scored in the stratum or failed by their own fault.
        stratum: Of their scores.
        metric: What scores are of.
    """
    ran = sorted(experiments, key=lambda one: (one.finished_at or 0.0, one.number))
    baseline = [one.score for one in ran if one.purpose is Purpose.BASELINE and one.score is not None]
    reference = fmean(baseline) if baseline else None
    if reference is None or len(ran) < FEWEST:
        lacks = "the baseline has no score here" if reference is None else f"it takes {FEWEST} experiments on one code"
        return [], [f"Nothing to compare: {lacks}."]
    gains = [None if one.score is None else metric.gain(one.score, reference) for one in ran]
    replayed = _replay(ran, metric, reference)
    course: list[dict[str, JsonValue]] = []
    for after in sorted({max(1, len(ran) * step // STEPS) for step in range(1, STEPS + 1)}):
        best = max((gain or 0.0 for gain in gains[:after]), default=0.0)
        told: dict[str, float] = {"as_run": max(0.0, best), "random_search": search_baselines.random_search(gains, after)}
        if after <= len(replayed):
            told["optimiser"] = replayed[after - 1]
        course.append({"experiments": after, **{name: round(gain, decimals(stratum, gain)) for name, gain in told.items()}})
    return course, [*_TELLS]


def _replay(ran: Sequence[TriedExperiment], metric: Metric, reference: float) -> list[float]:
    """The optimiser's best gain after each experiment, averaged over samplers; empty where knobs don't differ."""
    space = differing(ran)
    if not space:
        return []
    ledger = [TrialRecord(one.knobs, "failed" if one.score is None else "scored", one.score) for one in ran]
    steps = min(len(ran), LONGEST_REPLAY)
    courses = [search_baselines.optimiser_replay(ledger, space, steps, metric.direction, seed=seed) for seed in range(SEEDS)]
    return [
        fmean(0.0 if best is None else max(0.0, metric.gain(best, reference)) for best in after)
        for after in zip(*courses, strict=True)
    ]
