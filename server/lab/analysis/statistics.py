"""Figures of the evidence: its noise, what a score costs in memory and speed, how horizons agree, what GPU time bought."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean, stdev

from pydantic import JsonValue

from ...domain import Metric, Stratum, Verdict, experiment_id
from ...research.drift import drift
from ...research.effects import pareto_front
from ...research.efficiency import Usage
from ...research.efficiency import efficiency as summarize_usage
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
from .dataset import Evidence, by_tree

BUDGET = "budget_seconds"
"""The fact of a stratum in which horizons differ."""
GIB = 1 << 30
DAY = 86400.0
LOUD = 1.5
"""Times the usual noise, from which a source is named as noisier."""
MOST_ROWS = 10

Figures = dict[str, JsonValue]


def noise(evidence: Evidence) -> tuple[Figures, list[str]]:
    """How much scores vary between seeds, what can be seen beside that, and whether they drift; with how to read it."""
    known = evidence.noise
    if known is None:
        return {}, ["No noise is known: no source here has two scored seeds. Launch one with replicates=4."]
    told: Figures = {
        "sd": significant(known.sd, 3),
        "degrees": round(known.degrees),
        "replicated_sources": sum(len(scores) > 1 for scores in evidence.scores.values()),
    }
    if known.sd == 0:
        return told, ["Replicates come out identical: seeds vary nothing here, so that nothing can ever be confirmed."]
    told["shown_by_one_seed"] = significant(_smallest(known, 1, evidence.stratum.replicates), 2)
    told["shown_by_four_seeds"] = significant(_smallest(known, 4, evidence.stratum.replicates), 2)
    if loud := _louder(evidence, known):
        told["noisier"] = [*loud]
    tells = [
        f"A true gain of one sd ({significant(known.sd, 2):g}) takes {runs_needed(1)} seeds on either side to tell, one of two"
        f" sd {runs_needed(2)}; below that, order means nothing."
    ]
    return told | _drift(evidence, tells), tells


def _smallest(known: Noise, seeds: int, reference: int) -> float:
    """The gain whose 95 % interval just leaves out 0."""
    return quantile((1 + COVERAGE) / 2, known.degrees) * known.sd * math.sqrt(1 / seeds + 1 / max(1, reference))


def _louder(evidence: Evidence, known: Noise) -> list[Figures]:
    """Sources that vary more between seeds than the rest, by their moderated noise."""
    if evidence.moderated is None:
        return []
    arms = zip(evidence.arms.values(), evidence.scores.values(), evidence.moderated.arms, strict=True)
    loud = [(own.sd, arm[0].number, scores) for arm, scores, own in arms if len(scores) > 1 and own.sd > LOUD * known.sd]
    return [
        {"id": experiment_id(number), "sd": significant(stdev(scores), 2), "seeds": len(scores)}
        for _, number, scores in sorted(loud, reverse=True)[:MOST_ROWS]
    ]


def _drift(evidence: Evidence, tells: list[str]) -> Figures:
    replicates = [one for one in evidence.scored if one.purpose == "baseline"]
    if held := math.fsum(one.gpu_seconds for one in evidence.scored):
        share = math.fsum(one.gpu_seconds for one in replicates) / held
        tells.append(
            f"The baseline ran {len(replicates)} times, for the noise and to watch for drift:"
            f" {significant(100 * share, 2):g} % of the GPU time of what is scored here."
        )
    trend = drift([one.finished_at or 0.0 for one in replicates], [one.score or 0.0 for one in replicates])
    if trend is None:
        return {}
    if trend.suspected:
        tells.append("The baseline's own scores drift: look at the machine, the driver, the data before believing a gain.")
    return {"drift_per_day": significant(trend.per_day, 2), "drift_p": significant(trend.p, 2)}


def pareto(evidence: Evidence, metric: Metric) -> dict[str, list[Figures]]:
    """For each measure that differs, the sources that no other beats in both it and the mean score, best score first."""
    arms = list(evidence.arms.values())
    worth = -1 if metric.direction == "maximize" else 1
    scores = [fmean(one.score or 0.0 for one in arm) for arm in arms]
    fronts: dict[str, list[Figures]] = {}
    for name, (measure, less_is_better) in _measures(evidence.codes).items():
        values = [_mean(arm, measure) for arm in arms]
        known = [place for place, value in enumerate(values) if value is not None]
        if len({values[place] for place in known}) < 2:
            continue
        sign = 1 if less_is_better else -1
        front = pareto_front([(worth * scores[place], sign * (values[place] or 0.0)) for place in known])
        fronts[name] = [
            {
                "id": experiment_id(arms[place][0].number),
                "score": round(scores[place], decimals(evidence.stratum, scores[place])),
                name: significant(values[place] or 0.0, 4),
            }
            for place in (known[position] for position in front[:MOST_ROWS])
        ]
    return fronts


Measure = Callable[[TriedExperiment], float | None]


def _measures(codes: Mapping[str, CodeDigest]) -> Mapping[str, tuple[Measure, bool]]:
    """What a score may cost: how it is measured, and whether less of it is better."""
    return {
        "peak_memory_gib": (lambda one: _over(one.measures.get("peak_memory_bytes"), GIB), True),
        "steps_per_second": (lambda one: _over(one.measures.get("steps"), trained(one)), False),
        "parameters": (lambda one: _over(one.measures.get("parameters"), 1), True),
        "lines_of_code": (lambda one: float(codes[one.tree].lines), True),
    }


def trained(one: TriedExperiment) -> float | None:
    """Seconds of training by the wall clock, as far as that was measured."""
    return _over(one.seconds.get("training_wall") or one.seconds.get("training"), 1)


def _over(value: object, unit: float | None) -> float | None:
    return value / unit if isinstance(value, int | float) and unit else None


def _mean(arm: Sequence[TriedExperiment], measure: Measure) -> float | None:
    values = [value for one in arm if (value := measure(one)) is not None]
    return fmean(values) if values else None


def horizons(evidence: Evidence) -> tuple[list[Figures], list[str]]:
    """How far the ranking at one budget agrees with that at the next longer one, all else the same."""
    tells = [
        "Noise between seeds pulls tau to 0. A tau is told where 8 sources, from all quarters of the ranking, ran at both."
    ]
    told: list[Figures] = []
    for short, longer in budgets(evidence):
        first, second = (mean_scores(evidence, stratum.number) for stratum in (short, longer))
        found = agreement(first, second)
        pair: Figures = {
            "budgets": [short.facts.get(BUDGET), longer.facts.get(BUDGET)],
            "ran_at_both": len(first.keys() & second.keys()),
        }
        if found is not None:
            pair |= {"tau": significant(found.tau, 2), "interval": [significant(end, 2) for end in found.interval]}
        told.append(pair)
    return told, tells if told else ["Everything here ran at one budget: launch_grid(budget_seconds=…) at a longer one."]


def budgets(evidence: Evidence) -> list[tuple[Stratum, Stratum]]:
    """Pairs of strata that differ in the budget alone, the chosen one's among them, each with the next longer one."""

    def rest(stratum: Stratum) -> dict[str, object]:
        return {name: value for name, value in stratum.facts.items() if name != BUDGET}

    same = [stratum for stratum in evidence.strata.values() if rest(stratum) == rest(evidence.stratum)]
    same.sort(key=lambda stratum: float(stratum.facts.get(BUDGET) or 0.0))
    return list(pairwise(same))


def mean_scores(evidence: Evidence, stratum: int) -> dict[str, float]:
    """The mean score of each source in a stratum, of the experiments asked for."""
    arms = by_tree(one for one in evidence.everything if one.score is not None and one.stratum == stratum)
    return {tree: fmean(one.score or 0.0 for one in arm) for tree, arm in arms.items()}


def stopped(stops: Sequence[EarlyStop], metric: Metric) -> Figures:
    """What stopping doomed runs saved, and how often it was a mistake, of those that were run again to their end."""
    if not stops:
        return {}
    told: Figures = {"stopped_early": len(stops)}
    saved = [stop.usual_gpu_seconds - stop.gpu_seconds for stop in stops if stop.usual_gpu_seconds is not None]
    if saved:
        told["gpu_seconds_saved"] = significant(max(0.0, math.fsum(saved)), 3)
    checked = [
        metric.gain(stop.checked, stop.reference) for stop in stops if stop.checked is not None and stop.reference is not None
    ]
    if checked:
        told |= {"stopped_run_to_the_end": len(checked), "stopped_by_mistake": sum(gain > 0 for gain in checked)}
    return told


def efficiency(evidence: Evidence, idle: Idle) -> Figures:
    """What GPU time and money bought, over everything asked for that has ended.

    Args:
        evidence: What was asked for.
        idle: What clusters held beside, where all of the lab was asked for.
    """
    ended = [one for one in evidence.everything if one.finished_at is not None and one.started_at is not None]
    if not ended:
        return {}
    usage = [
        Usage(
            startup=float(one.seconds.get("startup") or 0.0),
            training=float(one.seconds.get("training") or 0.0),
            evaluation=float(one.seconds.get("evaluation") or 0.0),
            scored=one.score is not None,
        )
        for one in ended
    ]
    wall = max(one.finished_at or 0.0 for one in ended) - min(one.started_at or 0.0 for one in ended)
    found = summarize_usage(
        usage,
        held_seconds=math.fsum(one.gpu_seconds for one in ended) + idle.gpu_seconds,
        wall_seconds=wall,
        usd=math.fsum(one.usd for one in ended) + idle.usd,
        confirmed=len({one.tree for one in ended if one.verdict is Verdict.CONFIRMED}),
    )
    told: dict[str, float | None] = {
        "gpu_hours": found.gpu_hours,
        "usd": found.usd or None,
        "useful_share": found.useful_share,
        "scheduling": found.scheduling,
        "speed_up": found.speed_up,
        "wall_hours": wall / 3600,
        "gpu_hours_per_confirmed": found.gpu_hours_per_confirmed,
        "usd_per_confirmed": found.usd_per_confirmed or None,
    }
    return {name: significant(value, 3) for name, value in told.items() if value is not None} | idle_figures(idle)
