"""Figures on experiments: noise, Pareto fronts, agreement between budgets, and what GPU time and money bought."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean, stdev
from typing import Literal

from ...domain import Direction, Metric, Purpose, Stratum, Verdict
from ...errors import BadInputError, nearest
from ...ids import experiment_id
from ...research import efficiency
from ...research.conditions.pace import TOLD_SIGNIFICANCE, PacedScore, RunPace, fit_slope
from ...research.effects import pareto_front
from ...research.efficiency import Usage
from ...research.horizons import agreement
from ...research.noise import Noise
from ...research.policy import runs_needed
from ...research.student_t import COVERAGE, quantile
from ...schemas.analysis import EfficiencyFigures, FrontPoint, HorizonPair, NoiseFigures, NoisySource
from ...schemas.launch import Launch
from ...store.experiments.trials import TriedExperiment
from ...store.money.spending import Idle
from ...store.running.early_stops import EarlyStop
from ..fleet.idle import idle_gpu_hours, idle_usd
from ..results.experiment_rows import decimals, significant
from .code_digest import CodeDigest
from .dataset import Evidence, group_by_tree
from .drift_check import BaselineDrift

BUDGET = "budget_seconds"
"""The fact of a stratum that states its budget."""
GIB = 1 << 30
NOISY_FACTOR = 1.5
"""A source is reported as noisier if its standard deviation exceeds the usual one by this factor."""
MAX_CLOCK_RATIO = 1.5
"""By how much the clocks of two machines may differ before a run's seconds are taken for simulated ones."""
MAX_ROWS = 10


def summarize_noise(evidence: Evidence, drift: BaselineDrift) -> tuple[NoiseFigures | None, list[str]]:
    """Return the noise between seeds, the smallest visible gains, and drift; with lines on how to read them.

    Args:
        evidence: The experiments.
        drift: Of the baseline in the stratum.

    Returns:
        The figures, None if no source has two scored seeds; and the lines.
    """
    noise = evidence.noise
    if noise is None:
        return None, ["The noise is unknown: no source has two scored seeds. Launch one with replicates=4."]
    sd, degrees = significant(noise.sd, 3), round(noise.degrees)
    replicated_sources = sum(len(scores) > 1 for scores in evidence.scores.values())
    if noise.sd == 0:
        line = "Replicates have identical scores: seeds change nothing here, and therefore no gain can be confirmed."
        return NoiseFigures(sd=sd, degrees=degrees, replicated_sources=replicated_sources), [line]
    slope = _fit_slope(evidence)
    figures = NoiseFigures(
        sd=sd,
        degrees=degrees,
        replicated_sources=replicated_sources,
        shown_by_one_seed=significant(_smallest_visible_gain(noise, 1, evidence.stratum.replicates), 2),
        shown_by_four_seeds=significant(_smallest_visible_gain(noise, 4, evidence.stratum.replicates), 2),
        noisier=_noisier_sources(evidence, noise),
        explained_by_steps=None if slope is None else significant(slope.explained, 2),
        sd_at_equal_steps=None if slope is None else significant(slope.sd, 3),
        drift_per_day=None if drift.scores is None else significant(drift.scores.per_day, 2),
        drift_p=None if drift.scores is None else significant(drift.scores.p, 2),
        drift_runs=None if drift.scores is None else drift.runs,
    )
    tells = [
        f"To detect a true gain of one sd ({significant(noise.sd, 2):g}) takes {runs_needed(1)} seeds on either side, one of"
        f" two sd {runs_needed(2)}. Below that, the order of scores means nothing."
    ]
    return figures, [*tells, *([] if slope is None else [slope.line]), *_describe_baseline(evidence, drift)]


def _smallest_visible_gain(noise: Noise, seeds: int, reference_seeds: int) -> float:
    """Return the smallest gain whose 95 % interval excludes 0."""
    return quantile((1 + COVERAGE) / 2, noise.degrees) * noise.sd * math.sqrt(1 / seeds + 1 / max(1, reference_seeds))


def _noisier_sources(evidence: Evidence, noise: Noise) -> list[NoisySource]:
    """Return the sources that vary more between seeds than the others by their moderated noise, the noisiest first."""
    if evidence.moderated is None:
        return []
    arms = zip(evidence.arms.values(), evidence.scores.values(), evidence.moderated.arms, strict=True)
    noisier = [
        (own.sd, arm[0].number, scores) for arm, scores, own in arms if len(scores) > 1 and own.sd > NOISY_FACTOR * noise.sd
    ]
    return [
        NoisySource(id=experiment_id(number), sd=significant(stdev(scores), 2), seeds=len(scores))
        for _, number, scores in sorted(noisier, reverse=True)[:MAX_ROWS]
    ]


@dataclass(frozen=True, slots=True)
class StepsEffect:
    """How much of the noise is the machine's speed.

    Attributes:
        explained: The share of the variance between replicates that their steps explain.
        sd: The standard deviation at equal steps.
    """

    explained: float
    sd: float

    @property
    def line(self) -> str:
        """How to read it."""
        return (
            f"Of the variance between replicates, {100 * self.explained:.0f} % is explained by the steps that their runs made:"
            f" the machine gave some less than others. At equal steps the sd is {significant(self.sd, 2):g}. Verdicts bring a"
            " run that lags behind its own source to that source's usual pace. Between sources they don't: a slower change has"
            " to pay for that. Fewer runs at once would help."
        )


def _fit_slope(evidence: Evidence) -> StepsEffect | None:
    """Return how much of the noise is the machine's speed; None if steps explain none."""
    paced = [[_paced_score(experiment) for experiment in arm] for arm in evidence.arms.values() if len(arm) > 1]
    slope = fit_slope(evidence.metric, paced, TOLD_SIGNIFICANCE)
    return None if slope.sd is None or slope.explained is None else StepsEffect(slope.explained, slope.sd)


def _paced_score(experiment: TriedExperiment) -> PacedScore:
    steps = experiment.measures.get("steps") or experiment.measures.get("tokens")
    pace = RunPace(float(steps), 0.0, 0.0) if isinstance(steps, int | float) and steps > 0 else None
    return PacedScore(experiment.score or 0.0, pace)


def _describe_baseline(evidence: Evidence, drift: BaselineDrift) -> list[str]:
    """Return lines on what the baseline cost, and on whether its scores drift."""
    lines: list[str] = []
    baseline = [experiment for experiment in evidence.scored if experiment.purpose is Purpose.BASELINE]
    if gpu_seconds := math.fsum(experiment.gpu_seconds for experiment in evidence.scored):
        share = math.fsum(experiment.gpu_seconds for experiment in baseline) / gpu_seconds
        lines.append(
            f"The baseline ran {len(baseline)} times, to measure the noise and to detect drift:"
            f" {significant(100 * share, 2):g} % of the GPU time of the scored experiments."
        )
    if drift.line:
        lines.append(f"{drift.line[0].upper()}{drift.line[1:]}.")
    return lines


Measure = Callable[[TriedExperiment], float | None]


@dataclass(frozen=True, slots=True)
class Front:
    """Sources by score and another number, and which of them no other beats in both.

    Attributes:
        less_is_better: Whether less of the other number is better.
        points: Each source that has both: its first experiment, the other number, and the mean score.
        best: The places of the sources on the front, the best score first.
    """

    less_is_better: bool
    points: Sequence[tuple[str, float, float]]
    best: Sequence[int]


def find_fronts(evidence: Evidence, metric: Metric, others: Mapping[str, Direction]) -> dict[str, Front]:
    """Return the front of each measure and metric that differs between sources.

    Args:
        evidence: The experiments.
        metric: The metric that they are judged by.
        others: The other metrics, and which way each is better.
    """
    fronts: dict[str, Front] = {}
    for name, (measure, less_is_better) in {**_measures(evidence.codes), **_metrics(others)}.items():
        arms = [(arm, value) for arm in evidence.arms.values() if (value := _mean(arm, measure)) is not None]
        if len({value for _, value in arms}) < 2:
            continue
        points = [
            (experiment_id(arm[0].number), value, fmean(experiment.score or 0.0 for experiment in arm)) for arm, value in arms
        ]
        score_sign, sign = (-1 if metric.direction == "maximize" else 1), (1 if less_is_better else -1)
        best = pareto_front([(score_sign * score, sign * value) for _, value, score in points])
        fronts[name] = Front(less_is_better, points, best)
    return fronts


def front_named(fronts: Mapping[str, Front], name: str) -> Front:
    """Return the front of a metric or measure.

    Raises:
        BadInputError: No two sources differ in one of this name.
    """
    if name not in fronts:
        remedy = nearest(name, list(fronts), "metrics and measures", lists_all=True)
        raise BadInputError(f"metric={name!r} is nothing in which the scored sources differ", remedy)
    return fronts[name]


def as_rows(front: Front, evidence: Evidence) -> list[FrontPoint]:
    """Return the sources on a front, the best score first."""
    best = [front.points[place] for place in front.best[:MAX_ROWS]]
    return [
        FrontPoint(id=name, score=round(score, decimals(evidence.stratum, score)), value=significant(value, 4))
        for name, value, score in best
    ]


def _metrics(others: Mapping[str, Direction]) -> Mapping[str, tuple[Measure, bool]]:
    """Return the metrics that experiments aren't judged by, as `_measures` has the measures."""
    return {name: (partial(_metric_value, name), direction == "minimize") for name, direction in others.items()}


def _metric_value(name: str, experiment: TriedExperiment) -> float | None:
    return _divide(experiment.metrics.get(name), 1)


def _measures(codes: Mapping[str, CodeDigest]) -> Mapping[str, tuple[Measure, bool]]:
    """Return the costs that a score may have: how each is measured, and whether less of it is better."""
    return {
        "peak_memory_gib": (lambda experiment: _divide(experiment.measures.get("peak_memory_bytes"), GIB), True),
        "steps_per_second": (lambda experiment: _divide(experiment.measures.get("steps"), training_seconds(experiment)), False),
        "parameters": (lambda experiment: _divide(experiment.measures.get("parameters"), 1), True),
        "lines_of_code": (lambda experiment: float(codes[experiment.tree].lines), True),
    }


def training_seconds(experiment: TriedExperiment) -> float | None:
    """Return the seconds of training by the wall clock; None if they were not measured."""
    return _divide(experiment.seconds.get("training_wall") or experiment.seconds.get("training"), 1)


def own_training_seconds(experiment: TriedExperiment, less: Literal["resumed", "extended"]) -> float:
    """Return the seconds of training by the wall clock, without a part that was trained before.

    Args:
        experiment: The experiment.
        less: `resumed`: what is in the checkpoint that its last run went on from. `extended`: what another experiment trained.
    """
    return max(0.0, (training_seconds(experiment) or 0.0) - float(experiment.seconds.get(f"{less}_wall") or 0.0))


def _divide(value: object, unit: float | None) -> float | None:
    return value / unit if isinstance(value, int | float) and unit else None


def _mean(arm: Sequence[TriedExperiment], measure: Measure) -> float | None:
    values = [value for experiment in arm if (value := measure(experiment)) is not None]
    return fmean(values) if values else None


def compare_horizons(evidence: Evidence, direction: str) -> tuple[list[HorizonPair], list[str]]:
    """Return how far the ranking at each budget agrees with that at the next longer one; with lines on how to read it."""
    pairs: list[HorizonPair] = []
    for short, longer in budget_pairs(evidence):
        at_short, at_longer = (mean_scores(evidence, stratum.number) for stratum in (short, longer))
        rank = agreement(at_short, at_longer)
        pairs.append(
            HorizonPair(
                budgets=[float(stratum.facts.get(BUDGET) or 0.0) for stratum in (short, longer)],
                ran_at_both=len(at_short.keys() & at_longer.keys()),
                tau=significant(rank.tau, 2) if rank else None,
                interval=[significant(end, 2) for end in rank.interval] if rank else [],
            )
        )
    if not pairs:
        call = longer_launch(evidence, direction).as_call()
        return [], [f"Everything here ran at one budget: run some of it at a longer one, {call}."]
    return pairs, [
        "Noise between seeds pulls tau towards 0. Tau needs 8 sources, from all quarters of the ranking, at both budgets."
    ]


def budget_pairs(evidence: Evidence) -> list[tuple[Stratum, Stratum]]:
    """Return the strata that differ from the evidence's only in their budget, each with a longer one.

    The longer one is the next at which one of its sources is scored too, or else the next.
    """

    def facts_but_budget(stratum: Stratum) -> dict[str, object]:
        return {name: value for name, value in stratum.facts.items() if name != BUDGET}

    alike = [stratum for stratum in evidence.strata.values() if facts_but_budget(stratum) == facts_but_budget(evidence.stratum)]
    alike.sort(key=lambda stratum: float(stratum.facts.get(BUDGET) or 0.0))
    sources = [mean_scores(evidence, stratum.number).keys() for stratum in alike]
    pairs: list[tuple[Stratum, Stratum]] = []
    for place, short in enumerate(alike[:-1]):
        longer = [later for later in range(place + 1, len(alike)) if sources[place] & sources[later]] or [place + 1]
        pairs.append((short, alike[longer[0]]))
    return pairs


def longer_launch(evidence: Evidence, direction: str) -> Launch:
    """Return the launch of the best source of the evidence at twice the budget."""
    best = (max if direction == "maximize" else min)(evidence.scored, key=lambda experiment: experiment.score or 0.0)
    name = experiment_id(best.number)
    budget = 2 * best.budget_seconds
    return Launch(base=name, budget_seconds=budget, hypothesis=f"{name} is as good after {budget:g} seconds", gpu=best.gpu)


def mean_scores(evidence: Evidence, stratum: int) -> dict[str, float]:
    """Return the mean score of each source in a stratum, by tree, over the experiments that the caller asked for."""
    scored = (
        experiment for experiment in evidence.everything if experiment.score is not None and experiment.stratum == stratum
    )
    return {tree: fmean(experiment.score or 0.0 for experiment in arm) for tree, arm in group_by_tree(scored).items()}


def summarize_efficiency(evidence: Evidence, idle: Idle, stops: Sequence[EarlyStop] = ()) -> EfficiencyFigures | None:
    """Return what GPU time and money bought, over all requested experiments that have ended; None if none has.

    Args:
        evidence: The requested experiments.
        idle: The idle time of clusters, which is added to what the experiments held.
        stops: The runs that were stopped as doomed, to say what that saved and how many were stopped by mistake.
    """
    ended = ended_experiments(evidence)
    if not ended:
        return None
    wall_seconds = None if any(map(_took_simulated_time, ended)) else _span(ended)
    measured = efficiency.efficiency(
        [_usage(experiment) for experiment in ended],
        held_seconds=math.fsum(experiment.gpu_seconds for experiment in ended) + idle.gpu_seconds,
        wall_seconds=wall_seconds,
        usd=math.fsum(experiment.usd for experiment in ended) + idle.usd,
        confirmed=len({experiment.tree for experiment in ended if experiment.verdict is Verdict.CONFIRMED}),
    )
    saved = [stop.usual_gpu_seconds - stop.gpu_seconds for stop in stops if stop.usual_gpu_seconds is not None]
    gains = [
        evidence.metric.gain(stop.checked, stop.reference)
        for stop in stops
        if stop.checked is not None and stop.reference is not None
    ]
    return EfficiencyFigures(
        gpu_hours=significant(measured.gpu_hours, 3),
        usd=_rounded(measured.usd or None),
        useful_share=_rounded(measured.useful_share),
        scheduling=_rounded(measured.scheduling),
        speed_up=_rounded(measured.speed_up),
        wall_hours=_rounded(None if wall_seconds is None else wall_seconds / 3600),
        gpu_hours_per_confirmed=_rounded(measured.gpu_hours_per_confirmed),
        usd_per_confirmed=_rounded(measured.usd_per_confirmed or None),
        idle_gpu_hours=idle_gpu_hours(idle),
        idle_usd=idle_usd(idle),
        stopped_early=len(stops) or None,
        gpu_seconds_saved=significant(max(0.0, math.fsum(saved)), 3) if saved else None,
        stopped_run_to_the_end=len(gains) or None,
        stopped_by_mistake=sum(gain > 0 for gain in gains) if gains else None,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else significant(value, 3)


def ended_experiments(evidence: Evidence) -> list[TriedExperiment]:
    """Return the requested experiments that ran and have ended."""
    return [
        experiment
        for experiment in evidence.everything
        if experiment.finished_at is not None and experiment.started_at is not None
    ]


def _span(ended: Sequence[TriedExperiment]) -> float:
    """Return the seconds from the first start to the last end."""
    return max(experiment.finished_at or 0.0 for experiment in ended) - min(
        experiment.started_at or 0.0 for experiment in ended
    )


def _took_simulated_time(experiment: TriedExperiment) -> bool:
    """Return whether a run claims to have held its slot for longer than it existed, as rehearsed runs do."""
    lasted = (experiment.finished_at or 0.0) - (experiment.started_at or 0.0)
    return float(experiment.seconds.get("held") or 0.0) > MAX_CLOCK_RATIO * lasted + 1.0


def _usage(experiment: TriedExperiment) -> Usage:
    return Usage(
        startup=float(experiment.seconds.get("startup") or 0.0),
        training=own_training_seconds(experiment, "extended"),
        evaluation=float(experiment.seconds.get("evaluation") or 0.0),
        scored=experiment.score is not None,
    )
