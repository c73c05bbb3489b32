"""Figures on experiments: noise, Pareto fronts, agreement between budgets, and what GPU time and money bought."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean, stdev

from pydantic import JsonValue

from ...domain import Metric, Purpose, Stratum, Verdict
from ...ids import experiment_id
from ...research import efficiency
from ...research.conditions.pace import PacedScore, RunPace, fit_slope
from ...research.effects import pareto_front
from ...research.efficiency import Usage
from ...research.horizons import agreement
from ...research.noise import Noise
from ...research.policy import runs_needed
from ...research.student_t import COVERAGE, quantile
from ...store.experiments.trials import TriedExperiment
from ...store.money.spending import Idle
from ...store.running.early_stops import EarlyStop
from ..fleet.idle import idle_figures
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

Figures = dict[str, JsonValue]


def summarize_noise(evidence: Evidence, drift: BaselineDrift) -> tuple[Figures, list[str]]:
    """Return the noise between seeds, the smallest visible gains, and drift; with lines on how to read them.

    Args:
        evidence: The experiments.
        drift: Of the baseline in the stratum.
    """
    noise = evidence.noise
    if noise is None:
        return {}, ["The noise is unknown: no source has two scored seeds. Launch one with replicates=4."]
    figures: Figures = {
        "sd": significant(noise.sd, 3),
        "degrees": round(noise.degrees),
        "replicated_sources": sum(len(scores) > 1 for scores in evidence.scores.values()),
    }
    if noise.sd == 0:
        return figures, ["Replicates have identical scores: seeds change nothing here, and therefore no gain can be confirmed."]
    figures["shown_by_one_seed"] = significant(_smallest_visible_gain(noise, 1, evidence.stratum.replicates), 2)
    figures["shown_by_four_seeds"] = significant(_smallest_visible_gain(noise, 4, evidence.stratum.replicates), 2)
    if noisier := _noisier_sources(evidence, noise):
        figures["noisier"] = [*noisier]
    tells = [
        f"To detect a true gain of one sd ({significant(noise.sd, 2):g}) takes {runs_needed(1)} seeds on either side, one of"
        f" two sd {runs_needed(2)}. Below that, the order of scores means nothing."
    ]
    return figures | _measure_speed(evidence, tells) | _measure_drift(evidence, drift, tells), tells


def _smallest_visible_gain(noise: Noise, seeds: int, reference_seeds: int) -> float:
    """Return the smallest gain whose 95 % interval excludes 0."""
    return quantile((1 + COVERAGE) / 2, noise.degrees) * noise.sd * math.sqrt(1 / seeds + 1 / max(1, reference_seeds))


def _noisier_sources(evidence: Evidence, noise: Noise) -> list[Figures]:
    """Return the sources that vary more between seeds than the others by their moderated noise, the noisiest first."""
    if evidence.moderated is None:
        return []
    arms = zip(evidence.arms.values(), evidence.scores.values(), evidence.moderated.arms, strict=True)
    noisier = [
        (own.sd, arm[0].number, scores) for arm, scores, own in arms if len(scores) > 1 and own.sd > NOISY_FACTOR * noise.sd
    ]
    return [
        {"id": experiment_id(number), "sd": significant(stdev(scores), 2), "seeds": len(scores)}
        for _, number, scores in sorted(noisier, reverse=True)[:MAX_ROWS]
    ]


def _measure_speed(evidence: Evidence, tells: list[str]) -> Figures:
    """Return how much of the noise is the machine's speed, and add to `tells` how to read it; nothing if steps explain none."""
    paced = [[_paced_score(experiment) for experiment in arm] for arm in evidence.arms.values() if len(arm) > 1]
    slope = fit_slope(evidence.metric, paced)
    if slope.sd is None or slope.explained is None:
        return {}
    tells.append(
        f"Of the variance between replicates, {100 * slope.explained:.0f} % is explained by the steps that their runs made: the"
        f" machine gave some less than others. At equal steps the sd is {significant(slope.sd, 2):g}. Verdicts bring a run that"
        " lags behind its own source to that source's usual pace. Between sources they don't: a slower change has to pay for"
        " that. Fewer runs at once would help."
    )
    return {"explained_by_steps": significant(slope.explained, 2), "sd_at_equal_steps": significant(slope.sd, 3)}


def _paced_score(experiment: TriedExperiment) -> PacedScore:
    steps = experiment.measures.get("steps") or experiment.measures.get("tokens")
    pace = RunPace(float(steps), 0.0, 0.0) if isinstance(steps, int | float) and steps > 0 else None
    return PacedScore(experiment.score or 0.0, pace)


def _measure_drift(evidence: Evidence, drift: BaselineDrift, tells: list[str]) -> Figures:
    """Return the drift of the baseline's scores over time, and add to `tells` what the baseline cost and whether it drifts."""
    baseline = [experiment for experiment in evidence.scored if experiment.purpose is Purpose.BASELINE]
    if gpu_seconds := math.fsum(experiment.gpu_seconds for experiment in evidence.scored):
        share = math.fsum(experiment.gpu_seconds for experiment in baseline) / gpu_seconds
        tells.append(
            f"The baseline ran {len(baseline)} times, to measure the noise and to detect drift:"
            f" {significant(100 * share, 2):g} % of the GPU time of the scored experiments."
        )
    if drift.line:
        tells.append(f"{drift.line[0].upper()}{drift.line[1:]}.")
    if drift.scores is None:
        return {}
    return {
        "drift_per_day": significant(drift.scores.per_day, 2),
        "drift_p": significant(drift.scores.p, 2),
        "drift_runs": drift.runs,
    }


def find_pareto_fronts(evidence: Evidence, metric: Metric) -> dict[str, list[Figures]]:
    """Return, for each measure that differs, the sources that no other beats in both it and mean score, best score first."""
    arms = list(evidence.arms.values())
    score_sign = -1 if metric.direction == "maximize" else 1
    scores = [fmean(experiment.score or 0.0 for experiment in arm) for arm in arms]
    fronts: dict[str, list[Figures]] = {}
    for name, (measure, less_is_better) in _measures(evidence.codes).items():
        values = [_mean(arm, measure) for arm in arms]
        measured = [place for place, value in enumerate(values) if value is not None]
        if len({values[place] for place in measured}) < 2:
            continue
        sign = 1 if less_is_better else -1
        front = pareto_front([(score_sign * scores[place], sign * (values[place] or 0.0)) for place in measured])
        fronts[name] = [
            {
                "id": experiment_id(arms[place][0].number),
                "score": round(scores[place], decimals(evidence.stratum, scores[place])),
                name: significant(values[place] or 0.0, 4),
            }
            for place in (measured[position] for position in front[:MAX_ROWS])
        ]
    return fronts


Measure = Callable[[TriedExperiment], float | None]


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


def _divide(value: object, unit: float | None) -> float | None:
    return value / unit if isinstance(value, int | float) and unit else None


def _mean(arm: Sequence[TriedExperiment], measure: Measure) -> float | None:
    values = [value for experiment in arm if (value := measure(experiment)) is not None]
    return fmean(values) if values else None


def compare_horizons(evidence: Evidence) -> tuple[list[Figures], list[str]]:
    """Return how far the ranking at each budget agrees with that at the next longer one; with lines on how to read it."""
    pairs: list[Figures] = []
    for short, longer in budget_pairs(evidence):
        at_short, at_longer = (mean_scores(evidence, stratum.number) for stratum in (short, longer))
        pair: Figures = {
            "budgets": [short.facts.get(BUDGET), longer.facts.get(BUDGET)],
            "ran_at_both": len(at_short.keys() & at_longer.keys()),
        }
        if (rank := agreement(at_short, at_longer)) is not None:
            pair |= {"tau": significant(rank.tau, 2), "interval": [significant(end, 2) for end in rank.interval]}
        pairs.append(pair)
    if not pairs:
        return [], ["Everything here ran at one budget: run some of it at a longer one, launch_grid(budget_seconds=…)."]
    return pairs, [
        "Noise between seeds pulls tau towards 0. Tau needs 8 sources, from all quarters of the ranking, at both budgets."
    ]


def budget_pairs(evidence: Evidence) -> list[tuple[Stratum, Stratum]]:
    """Return the strata that differ from the evidence's only in their budget, each with the next longer one."""

    def facts_but_budget(stratum: Stratum) -> dict[str, object]:
        return {name: value for name, value in stratum.facts.items() if name != BUDGET}

    alike = [stratum for stratum in evidence.strata.values() if facts_but_budget(stratum) == facts_but_budget(evidence.stratum)]
    alike.sort(key=lambda stratum: float(stratum.facts.get(BUDGET) or 0.0))
    return list(pairwise(alike))


def mean_scores(evidence: Evidence, stratum: int) -> dict[str, float]:
    """Return the mean score of each source in a stratum, by tree, over the experiments that the caller asked for."""
    scored = (
        experiment for experiment in evidence.everything if experiment.score is not None and experiment.stratum == stratum
    )
    return {tree: fmean(experiment.score or 0.0 for experiment in arm) for tree, arm in group_by_tree(scored).items()}


def summarize_early_stops(stops: Sequence[EarlyStop], metric: Metric) -> Figures:
    """Return what stopping runs early saved, and how many of the stopped runs that were checked were stopped by mistake."""
    if not stops:
        return {}
    figures: Figures = {"stopped_early": len(stops)}
    saved = [stop.usual_gpu_seconds - stop.gpu_seconds for stop in stops if stop.usual_gpu_seconds is not None]
    if saved:
        figures["gpu_seconds_saved"] = significant(max(0.0, math.fsum(saved)), 3)
    gains = [
        metric.gain(stop.checked, stop.reference) for stop in stops if stop.checked is not None and stop.reference is not None
    ]
    if gains:
        figures |= {"stopped_run_to_the_end": len(gains), "stopped_by_mistake": sum(gain > 0 for gain in gains)}
    return figures


def summarize_efficiency(evidence: Evidence, idle: Idle) -> Figures:
    """Return what GPU time and money bought, over all requested experiments that have ended.

    Args:
        evidence: The requested experiments.
        idle: The idle time of clusters, which is added to what the experiments held.
    """
    ended = ended_experiments(evidence)
    if not ended:
        return {}
    wall_seconds = None if any(map(_took_simulated_time, ended)) else _span(ended)
    measured = efficiency.efficiency(
        [_usage(experiment) for experiment in ended],
        held_seconds=math.fsum(experiment.gpu_seconds for experiment in ended) + idle.gpu_seconds,
        wall_seconds=wall_seconds,
        usd=math.fsum(experiment.usd for experiment in ended) + idle.usd,
        confirmed=len({experiment.tree for experiment in ended if experiment.verdict is Verdict.CONFIRMED}),
    )
    figures: dict[str, float | None] = {
        "gpu_hours": measured.gpu_hours,
        "usd": measured.usd or None,
        "useful_share": measured.useful_share,
        "scheduling": measured.scheduling,
        "speed_up": measured.speed_up,
        "wall_hours": None if wall_seconds is None else wall_seconds / 3600,
        "gpu_hours_per_confirmed": measured.gpu_hours_per_confirmed,
        "usd_per_confirmed": measured.usd_per_confirmed or None,
    }
    return {name: significant(value, 3) for name, value in figures.items() if value is not None} | idle_figures(idle)


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
        training=training_seconds(experiment) or 0.0,
        evaluation=float(experiment.seconds.get("evaluation") or 0.0),
        scored=experiment.score is not None,
    )
