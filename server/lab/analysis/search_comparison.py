"""What random search and the optimiser would have reached with the same experiments, beside what was reached."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from ...domain import Metric, Purpose, Stratum
from ...research import search_baselines
from ...research.tpe import TrialRecord
from ...schemas.analysis import SearchStep
from ...store.experiments.trials import TriedExperiment
from ..results.experiment_rows import decimals
from .factors import differing_knobs

SEEDS = 3
"""Seeds of the sampler over which the optimiser's course is averaged."""
MAX_REPLAYED = 50
"""Experiments up to which the optimiser is replayed: each step takes longer than the one before."""
MAX_TABLE = 500
"""Experiments from which the optimiser chooses in the replay; of more, a sample that is evenly spread over time."""
STEPS = 4
"""Equal parts of the course after which the three are compared. They are also compared where the replay ends."""
MIN_EXPERIMENTS = 8

_TELLS = (
    "Gains of the best score so far against the mean of the baseline. They include luck: compare the three with one another,"
    " not with a confirmed gain.",
    "random_search is the mean over all orders of the experiments that ran. That is fair to random search if cells were drawn"
    " at random, and flatters it if they were chosen well. optimiser is Optuna's TPE choosing among the experiments that ran.",
)


def compare(experiments: Sequence[TriedExperiment], stratum: Stratum, metric: Metric) -> tuple[list[SearchStep], list[str]]:
    """Return the best gain on the baseline after so many experiments, as run and for either search; with how to read it.

    Args:
        experiments: Experiments on one code, scored in the stratum or failed through their own fault.
        stratum: The stratum of the scores.
        metric: The metric of the scores.
    """
    in_order = sorted(experiments, key=lambda experiment: (experiment.finished_at or 0.0, experiment.number))
    baseline = [
        experiment.score for experiment in in_order if experiment.purpose is Purpose.BASELINE and experiment.score is not None
    ]
    if not baseline:
        return [], ["Nothing to compare: the baseline has no score here."]
    if len(in_order) < MIN_EXPERIMENTS:
        return [], [f"Nothing to compare: it takes {MIN_EXPERIMENTS} experiments on one code."]
    reference = fmean(baseline)
    gains = [None if experiment.score is None else metric.gain(experiment.score, reference) for experiment in in_order]
    replayed = _replay_optimiser(in_order, metric, reference)
    course: list[SearchStep] = []
    counts = {max(1, len(in_order) * step // STEPS) for step in range(1, STEPS + 1)}
    if replayed:
        counts.add(len(replayed))
    for count in sorted(counts):
        best = max((gain or 0.0 for gain in gains[:count]), default=0.0)
        at_random = search_baselines.random_search(gains, count)
        optimiser = replayed[count - 1] if count <= len(replayed) else None
        course.append(
            SearchStep(
                experiments=count,
                as_run=round(max(0.0, best), decimals(stratum, max(0.0, best))),
                random_search=round(at_random, decimals(stratum, at_random)),
                optimiser=None if optimiser is None else round(optimiser, decimals(stratum, optimiser)),
            )
        )
    return course, [*_TELLS, *_describe_replay(len(replayed), len(in_order))]


def _describe_replay(replayed: int, experiments: int) -> list[str]:
    """Return a line on what the replay leaves out; none if it leaves out nothing."""
    if not replayed or replayed == experiments:
        return []
    sample = f", choosing from a sample of {MAX_TABLE:,} of them" if experiments > MAX_TABLE else ""
    return [f"The optimiser is replayed for the first {replayed} of {experiments:,} experiments only{sample}."]


def _replay_optimiser(experiments: Sequence[TriedExperiment], metric: Metric, reference: float) -> list[float]:
    """Return the optimiser's best gain after each experiment, averaged over seeds; empty if no knobs differ."""
    space = differing_knobs(experiments)
    if not space:
        return []
    stride = max(1.0, len(experiments) / MAX_TABLE)
    table = [experiments[int(place * stride)] for place in range(min(MAX_TABLE, len(experiments)))]
    records = [
        TrialRecord(experiment.knobs, "failed" if experiment.score is None else "scored", experiment.score)
        for experiment in table
    ]
    steps = min(len(experiments), MAX_REPLAYED)
    courses = [search_baselines.optimiser_replay(records, space, steps, metric.direction, seed=seed) for seed in range(SEEDS)]
    return [
        fmean(0.0 if best is None else max(0.0, metric.gain(best, reference)) for best in bests)
        for bests in zip(*courses, strict=True)
    ]
