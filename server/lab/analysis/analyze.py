"""`analyze`: what the experiments of one stratum show together.

One function computes each aspect; `_ASPECTS` maps the aspect's name to it. Each answer says what it rests on and what it leaves
out.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from anyio import to_thread

from ...domain import Metric, Stratum
from ...errors import BadInputError
from ...research import tpe
from ...research.effects import Effect
from ...schemas.analysis import Analysis, Aspect, EffectRow, NoiseFigures
from ...schemas.results import StratumSummary
from ...store.experiments.trials import TriedExperiment
from ...store.money import spending
from ...store.money.spending import Idle
from ...store.running import early_stops
from .. import references
from ..fleet.idle import idle_time
from ..lab import Lab
from ..results.experiment_rows import STRATUM_FACTS, decimals, significant, summarize_stratum
from . import ablation, search_comparison, statistics
from .dataset import MAX_EXPERIMENTS, Evidence, gather_evidence, trial_records
from .drift_check import check_drift
from .factors import fit_effects

MAX_EFFECTS = 10
MAX_SUMMARY_EFFECTS = 5
MAX_IMPORTANCE = 1000
"""The newest experiments from which the importance of knobs is estimated."""


@dataclass(frozen=True)
class Question:
    """What the caller asked, with the experiments that answer it.

    Attributes:
        lab: The lab.
        evidence: The experiments.
        has_ids: Whether the caller named experiments. Otherwise all experiments are meant.
        covers_lab: Whether neither ids nor a kind of GPU restrict the experiments.
        front_of: The metric or measure whose front is wanted; None for all.
    """

    lab: Lab
    evidence: Evidence
    has_ids: bool
    covers_lab: bool
    front_of: str | None = None

    @property
    def metric(self) -> Metric:
        """The metric of the scores."""
        return self.lab.trainer.metric

    @property
    def stratum(self) -> Stratum:
        """The stratum that the answer is about."""
        return self.evidence.stratum

    @property
    def scored(self) -> Sequence[TriedExperiment]:
        """The scored experiments of the stratum."""
        return self.evidence.scored

    def describe_stratum(self) -> StratumSummary:
        """Return the stratum's id, facts, reference and noise."""
        return summarize_stratum(self.stratum, facts=STRATUM_FACTS)

    def add_other_gpus(self, tells: Sequence[str]) -> list[str]:
        """Return the lines, and one more where scores on other kinds of GPU exist, which don't compare with these."""
        here = {experiment.gpu for experiment in self.scored}
        elsewhere = {experiment.gpu for experiment in self.evidence.everything if experiment.score is not None} - here
        if not elsewhere:
            return [*tells]
        call = f"gpu={min(elsewhere)!r}"
        return [*tells, f"Scores on different kinds of GPU don't compare. Analyze the other kinds separately: {call}."]


async def analyze(
    lab: Lab,
    what: Aspect = "summary",
    ids: Sequence[str] | None = None,
    gpu: str | None = None,
    metric: str | None = None,
) -> Analysis:
    """Analyze experiments of one stratum.

    Args:
        lab: The lab.
        what: Which aspect; by default a summary of several.
        ids: Experiments, grids, ranges; None for all. If they span strata, the stratum with the most of them is analyzed. For
            `ablation`, the one experiment to take apart, by default the champion.
        gpu: Only experiments that asked for this kind of device.
        metric: For `pareto`, only the front of this metric or measure.

    Raises:
        BadInputError: None of them is scored, or a text is not an id, or there is no such metric.
        NotFoundError: An id doesn't exist.
    """
    if metric is not None and what != "pareto":
        raise BadInputError(f"metric={metric!r} has no meaning with what={what!r}", 'Set what="pareto", or leave metric out')
    if what == "ablation":
        return await _ablation(lab, ids, await gather_evidence(lab, None))
    evidence = await gather_evidence(lab, ids, gpu)
    question = Question(lab, evidence, has_ids=ids is not None, covers_lab=ids is None and gpu is None, front_of=metric)
    return await _ASPECTS[what](question)


async def analyze_lab(lab: Lab, evidence: Evidence, what: Aspect) -> Analysis:
    """Analyze the whole lab, from evidence that was gathered without ids: for callers that ask for several aspects."""
    if what == "ablation":
        return await _ablation(lab, None, evidence)
    return await _ASPECTS[what](Question(lab, evidence, has_ids=False, covers_lab=True))


async def _summary(question: Question) -> Analysis:
    _, effects = await fit_effects(question.lab, question.evidence, all_codes=question.has_ids)
    noise, tells = statistics.summarize_noise(question.evidence, await check_drift(question.lab, question.stratum.number))
    same_code, _ = _on_main_code(question.evidence, question.scored)
    shares = await _importance_shares(question, same_code)
    more = (
        "For one aspect in full, set what to effects, noise, pareto, horizons, efficiency, yardstick, importance or ablation."
    )
    return Analysis(
        what="summary",
        stratum=question.describe_stratum(),
        experiments=len(question.scored),
        left_out=question.evidence.left_out(),
        noise=None if noise is None else NoiseFigures(sd=noise.sd, degrees=noise.degrees),
        main=_effect_rows(effects.main[:MAX_SUMMARY_EFFECTS], question.stratum),
        interactions=_effect_rows(_beyond_noise(effects.interactions)[:MAX_SUMMARY_EFFECTS], question.stratum),
        importance=dict(list(shares.items())[:MAX_SUMMARY_EFFECTS]),
        efficiency=statistics.summarize_efficiency(question.evidence, await _idle(question)),
        tells=question.add_other_gpus([*tells[:1], more]),
    )


async def _effects(question: Question) -> Analysis:
    factors, effects = await fit_effects(question.lab, question.evidence, all_codes=question.has_ids)
    tells = [
        "Gains are against the reference value of each knob; positive is better. Of twenty intervals, expect one to miss the"
        " true gain."
    ]
    if factors.split:
        tells.append(f"Split at the median, because they have many values: {', '.join(factors.split)}.")
    if effects.unknown:
        tells.append("These experiments can't tell the unknown effects from others: run a design that varies them separately.")
    singles = [f"{factors.singles} on a code that ran only once: get_results has its gain"] if factors.singles else []
    return Analysis(
        what="effects",
        stratum=question.describe_stratum(),
        experiments=len(factors.points),
        left_out=[*question.evidence.left_out(), *singles],
        main=_effect_rows(effects.main[:MAX_EFFECTS], question.stratum),
        interactions=_effect_rows(effects.interactions[:MAX_EFFECTS], question.stratum),
        unknown=_first_terms(effects.unknown),
        tells=question.add_other_gpus(tells),
    )


async def _noise(question: Question) -> Analysis:
    noise, tells = statistics.summarize_noise(question.evidence, await check_drift(question.lab, question.stratum.number))
    return Analysis(
        what="noise",
        stratum=question.describe_stratum(),
        experiments=len(question.scored),
        left_out=question.evidence.left_out(),
        noise=noise,
        tells=question.add_other_gpus(tells),
    )


async def _pareto(question: Question) -> Analysis:
    tells = ["Scores are means over seeds. Neighbours on a front that differ by less than the noise are not distinguishable."]
    fronts = statistics.find_fronts(question.evidence, question.metric, question.lab.trainer.other_metrics)
    if question.front_of is not None:
        fronts = {question.front_of: statistics.front_named(fronts, question.front_of)}
    return Analysis(
        what="pareto",
        stratum=question.describe_stratum(),
        experiments=len(question.scored),
        left_out=question.evidence.left_out(),
        pareto={name: statistics.as_rows(front, question.evidence) for name, front in fronts.items()},
        tells=question.add_other_gpus(tells),
    )


async def _horizons(question: Question) -> Analysis:
    pairs, tells = statistics.compare_horizons(question.evidence, question.metric.direction)
    return Analysis(
        what="horizons",
        stratum=question.describe_stratum(),
        experiments=len(question.scored),
        left_out=question.evidence.left_out(),
        horizons=pairs,
        tells=question.add_other_gpus(tells),
    )


async def _efficiency(question: Question) -> Analysis:
    everything = question.evidence.everything
    ended = statistics.ended_experiments(question.evidence)
    stops = await early_stops.stopped(question.lab.db, [experiment.number for experiment in everything])
    figures = statistics.summarize_efficiency(question.evidence, await _idle(question), stops)
    tells = ["Covers everything that has ended, in all strata, in wall seconds. Useful time is training that led to a score."]
    if figures and figures.speed_up is None:
        tells.append("These runs are rehearsed: their seconds are simulated, so that there is no speed-up to tell.")
    if stops:
        tells.append(
            "Stopped early: runs whose training curve could not reach a good score. Saved: their GPU time against that of"
            " scored runs. One stopped run in ten is run again to its end; those that then scored better than the reference"
            " were stopped by mistake."
        )
    if not question.covers_lab and await spending.bills(question.lab.db, time.time()):
        tells.append("Idle time of clusters is not included, because it belongs to no experiment: call without ids to add it.")
    older = [f"{question.evidence.older} older than the newest {MAX_EXPERIMENTS:,}"] if question.evidence.older else []
    unfinished = [f"{len(everything) - len(ended)} not finished, or never started"] if len(ended) < len(everything) else []
    return Analysis(
        what="efficiency",
        experiments=len(ended),
        left_out=[*older, *unfinished],
        efficiency=figures,
        tells=tells,
    )


async def _idle(question: Question) -> Idle:
    """Return the idle time of clusters if the whole lab was asked for; otherwise none, because no experiment owns it."""
    return await idle_time(question.lab) if question.covers_lab else Idle()


async def _importance(question: Question) -> Analysis:
    same_code, left_out = _on_main_code(question.evidence, question.scored)
    shares = await _importance_shares(question, same_code)
    tells = ["How much each knob separates the best quarter from the rest. Knobs that changed together share their importance."]
    if len(same_code) > MAX_IMPORTANCE:
        tells.append(f"Estimated from the newest {MAX_IMPORTANCE:,} of these experiments.")
    if not shares:
        tells = [f"Too few: it takes {tpe.ENOUGH} different scored experiments on one code, and knobs that differ."]
    return Analysis(
        what="importance",
        stratum=question.describe_stratum(),
        experiments=len(same_code),
        left_out=[*question.evidence.left_out(), *left_out],
        importance=shares,
        tells=question.add_other_gpus(tells),
    )


async def _yardstick(question: Question) -> Analysis:
    ended = [*question.scored, *question.evidence.failed]
    same_code, left_out = _on_main_code(question.evidence, ended)
    course, tells = await to_thread.run_sync(search_comparison.compare, same_code, question.stratum, question.metric)
    return Analysis(
        what="yardstick",
        stratum=question.describe_stratum(),
        experiments=len(same_code),
        left_out=[*question.evidence.left_out(), *left_out],
        yardstick=course,
        tells=question.add_other_gpus(tells),
    )


async def _ablation(lab: Lab, ids: Sequence[str] | None, evidence: Evidence) -> Analysis:
    """Return what the champion consists of, or the one experiment that `ids` names."""
    subject = await references.resolve(lab, ids[0] if ids and len(ids) == 1 else references.CHAMPION)
    question = Question(lab, evidence, has_ids=False, covers_lab=True)
    result = await ablation.measure(lab, question.evidence, subject)
    whole = [result.whole] if result.whole else []
    return Analysis(
        what="ablation",
        stratum=question.describe_stratum(),
        experiments=len(question.scored),
        left_out=question.evidence.left_out(),
        made_of=_effect_rows([*whole, *result.halves], question.stratum),
        hunks=_effect_rows(result.hunks, question.stratum),
        ancestry=_effect_rows(result.ancestry, question.stratum),
        tells=question.add_other_gpus(result.tells),
    )


_ASPECTS: Mapping[Aspect, Callable[[Question], Awaitable[Analysis]]] = {
    "summary": _summary,
    "effects": _effects,
    "noise": _noise,
    "pareto": _pareto,
    "horizons": _horizons,
    "efficiency": _efficiency,
    "yardstick": _yardstick,
    "importance": _importance,
}


def _on_main_code(evidence: Evidence, experiments: Sequence[TriedExperiment]) -> tuple[list[TriedExperiment], list[str]]:
    """Return the experiments on the code that most of the scored ones share, and a line about the others if there are any."""
    same_code = [experiment for experiment in experiments if evidence.code_of(experiment) == evidence.main_code]
    others = len(experiments) - len(same_code)
    return same_code, [f"{others} on another code"] if others else []


async def _importance_shares(question: Question, same_code: Sequence[TriedExperiment]) -> dict[str, float]:
    """Return each knob's share of the importance, the largest first; empty if there are too few experiments."""
    records = trial_records(same_code[-MAX_IMPORTANCE:], question.stratum.number, question.evidence.codes, question.metric)
    shares: Mapping[str, float] = await to_thread.run_sync(tpe.importance, records, question.metric.direction)
    return {knob: significant(share, 2) for knob, share in shares.items()}


def _effect_rows(effects: Iterable[Effect], stratum: Stratum) -> list[EffectRow]:
    return [
        EffectRow(
            term=effect.term.replace("'", ""),
            gain=round(effect.gain, decimals(stratum, effect.gain)) + 0.0,  # never -0.0
            interval=[round(end, decimals(stratum, end)) + 0.0 for end in effect.interval or ()],
            p=None if effect.p is None else significant(effect.p, 2),
        )
        for effect in effects
    ]


def _beyond_noise(effects: Iterable[Effect]) -> list[Effect]:
    """Return the effects whose interval excludes 0."""
    return [effect for effect in effects if effect.interval and not effect.interval[0] <= 0 <= effect.interval[1]]


def _first_terms(terms: Sequence[str]) -> list[str]:
    shown = [term.replace("'", "") for term in terms[:MAX_EFFECTS]]
    return [*shown, f"and {len(terms) - len(shown)} more"] if len(terms) > len(shown) else shown
