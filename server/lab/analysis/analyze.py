"""What many experiments say together: each analysis is of one stratum, and says what it rests on and what it leaves out."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from anyio import to_thread

from ...domain import Metric, Stratum
from ...research import effects, tpe
from ...research.effects import Effect
from ...schemas.analysis import Analysis, Aspect, EffectRow
from ...store.comparison import champions
from ...store.experiments.trials import TriedExperiment
from ...store.money import spending
from ...store.money.spending import Idle
from ...store.running import early_stops
from .. import references
from ..lab import Lab
from ..results.experiment_rows import about_stratum, decimals, significant, stratum_id
from . import ablation, search_comparison, statistics
from .dataset import Evidence, entries, gather
from .factors import Factors, factors

MOST_EFFECTS = 10
FEW_EFFECTS = 5
"""In a summary."""


@dataclass(frozen=True)
class Question:
    """What an analysis is asked of.

    Attributes:
        named: The caller named the experiments, rather than asking of all.
        whole: All of the lab was asked for.
    """

    lab: Lab
    evidence: Evidence
    named: bool
    whole: bool

    @property
    def metric(self) -> Metric:
        """What scores are of."""
        return self.lab.trainer.metric

    @property
    def stratum(self) -> Stratum:
        """The one that it is about."""
        return self.evidence.stratum


async def analyze(lab: Lab, what: Aspect = "summary", ids: Sequence[str] | None = None, gpu: str | None = None) -> Analysis:
    """Analyze experiments of one stratum.

    Args:
        lab: The lab.
        what: Which analysis; a short one of several by default.
        ids: Experiments, grids, ranges; None for all. Of several strata the one with the most of them is taken. For `ablation`,
            the experiment that is taken apart, by default the champion.
        gpu: Only those that asked for this kind of device.

    Raises:
        BadInputError: None of them is scored, or an id is none.
        NotFoundError: There is no such experiment.
    """
    if what == "ablation":
        return await _ablation(lab, ids)
    found = await gather(lab, ids, gpu)
    return await _ANALYSES[what](Question(lab, found, ids is not None, whole=ids is None and gpu is None))


async def points(lab: Lab, found: Evidence, *, all_codes: bool) -> Factors:
    """Scored experiments in the space of what differs between them, against the champion; see `factors.factors`."""
    best = await champions.champion(lab.db)
    if best is None:
        return factors(found, ("", {}), lab.trainer.metric, all_codes=all_codes)
    code = found.codes[best.tree].digest if best.tree in found.codes else ""
    return factors(found, (code, await champions.knobs(lab.db, best.commit)), lab.trainer.metric, all_codes=all_codes)


async def fitted(lab: Lab, found: Evidence, *, all_codes: bool) -> tuple[Factors, effects.Effects]:
    """Main effects and two-factor interactions of scored experiments."""
    placed = await points(lab, found, all_codes=all_codes)
    # What varies within a half of a split knob is noise to the fit.
    noise = None if placed.split else found.noise
    return placed, await to_thread.run_sync(effects.effects, placed.points, placed.reference, noise)


async def _effects(asked: Question) -> Analysis:
    placed, found = await fitted(asked.lab, asked.evidence, all_codes=asked.named)
    tells = ["Gains against the reference value of each knob, positive is better; of twenty intervals expect one to be off."]
    if placed.split:
        tells.append(f"Split at the median, as they took many values: {', '.join(placed.split)}.")
    if found.unknown:
        tells.append("What is unknown is mixed up with something else in these experiments: a design would tell it.")
    told = _answer(asked, "effects", len(placed.points), tells, _singles(placed))
    return told.model_copy(
        update={
            "main": _told(found.main[:MOST_EFFECTS], asked.stratum),
            "interactions": _told(found.interactions[:MOST_EFFECTS], asked.stratum),
            "unknown": _some(found.unknown),
        }
    )


async def _noise(asked: Question) -> Analysis:
    figures, tells = statistics.noise(asked.evidence)
    return _answer(asked, "noise", len(asked.evidence.scored), tells).model_copy(update={"noise": figures})


async def _pareto(asked: Question) -> Analysis:
    fronts = statistics.pareto(asked.evidence, asked.metric)
    tells = ["Mean scores over seeds: neighbours on a front within the noise are no better than each other."]
    return _answer(asked, "pareto", len(asked.evidence.scored), tells).model_copy(update={"pareto": fronts})


async def _horizons(asked: Question) -> Analysis:
    figures, tells = statistics.horizons(asked.evidence)
    return _answer(asked, "horizons", len(asked.evidence.scored), tells).model_copy(update={"horizons": figures})


async def _efficiency(asked: Question) -> Analysis:
    everything = asked.evidence.everything
    early = statistics.stopped(await early_stops.stopped(asked.lab.db, [one.number for one in everything]), asked.metric)
    tells = ["Over everything that finished, whatever its stratum; useful is training that led to a score."]
    if early:
        tells.append(
            "Stopped early are runs whose curves were out of reach; saved is against what scored ones hold. One of ten is run"
            " again to its end: by mistake were those of them that scored better than the reference."
        )
    if not asked.whole and await spending.bills(asked.lab.db, time.time()):
        tells.append("Clusters were idle besides, which belongs to no experiment: without ids it counts.")
    figures = statistics.efficiency(asked.evidence, await _idle(asked)) | early
    return Analysis(what="efficiency", experiments=len(everything), efficiency=figures, tells=tells)


async def _idle(asked: Question) -> Idle:
    """What clusters held beside all experiments; nothing where some of them are asked for."""
    return await spending.idle(asked.lab.db, time.time()) if asked.whole else Idle()


async def _importance(asked: Question) -> Analysis:
    chosen, others = _one_code(asked.evidence, asked.evidence.scored)
    tells = ["Which knobs set the best quarter apart. It says where luck lay, not why: knobs moved together share it."]
    shares = await _shares(asked, chosen)
    if not shares:
        tells = [f"Too few: it takes {tpe.ENOUGH} different scored experiments on one code, and knobs that differ."]
    return _answer(asked, "importance", len(chosen), tells, others).model_copy(update={"importance": shares})


async def _yardstick(asked: Question) -> Analysis:
    ran, others = _one_code(asked.evidence, [*asked.evidence.scored, *asked.evidence.failed])
    course, tells = await to_thread.run_sync(search_comparison.compare, ran, asked.stratum, asked.metric)
    return _answer(asked, "yardstick", len(ran), tells, others).model_copy(update={"yardstick": course})


async def _ablation(lab: Lab, ids: Sequence[str] | None) -> Analysis:
    """What the champion is made of, or the one experiment that is named."""
    subject = await references.resolve(lab, ids[0] if ids and len(ids) == 1 else references.CHAMPION)
    asked = Question(lab, await gather(lab, None), named=False, whole=True)
    found = await ablation.measure(lab, asked.evidence, subject)
    return _answer(asked, "ablation", len(asked.evidence.scored), found.tells).model_copy(
        update={
            "made_of": _told([*([found.whole] if found.whole else []), *found.halves], asked.stratum),
            "hunks": _told(found.hunks, asked.stratum),
        }
    )


async def _summary(asked: Question) -> Analysis:
    _, found = await fitted(asked.lab, asked.evidence, all_codes=asked.named)
    figures, tells = statistics.noise(asked.evidence)
    chosen, _ = _one_code(asked.evidence, asked.evidence.scored)
    tells = [*tells[:1], "In full: what=effects, noise, pareto, horizons, efficiency, yardstick, importance, ablation."]
    return _answer(asked, "summary", len(asked.evidence.scored), tells).model_copy(
        update={
            "noise": {name: figures[name] for name in ("sd", "degrees") if name in figures},
            "main": _told(found.main[:FEW_EFFECTS], asked.stratum),
            "interactions": _told(_beyond_noise(found.interactions)[:FEW_EFFECTS], asked.stratum),
            "importance": dict(list((await _shares(asked, chosen)).items())[:FEW_EFFECTS]),
            "efficiency": statistics.efficiency(asked.evidence, await _idle(asked)),
        }
    )


_ANALYSES: Mapping[Aspect, Callable[[Question], Awaitable[Analysis]]] = {
    "summary": _summary,
    "effects": _effects,
    "noise": _noise,
    "pareto": _pareto,
    "horizons": _horizons,
    "efficiency": _efficiency,
    "yardstick": _yardstick,
    "importance": _importance,
}


def _answer(asked: Question, what: Aspect, experiments: int, tells: Sequence[str], more: Sequence[str] = ()) -> Analysis:
    stratum = asked.stratum
    return Analysis(
        what=what,
        stratum={"id": stratum_id(stratum.number), **about_stratum(stratum)},
        experiments=experiments,
        left_out=[*asked.evidence.left_out(), *more],
        tells=[*tells, *_other_kinds(asked.evidence)],
    )


def _other_kinds(found: Evidence) -> list[str]:
    here = {one.gpu for one in found.scored}
    others = sorted({one.gpu for one in found.everything if one.score is not None} - here)
    return [f"Scores of several kinds of GPU don't compare; of the others: gpu={others[0]!r}."] if others else []


def _one_code(found: Evidence, experiments: Sequence[TriedExperiment]) -> tuple[list[TriedExperiment], list[str]]:
    """Those of the experiments on the code that most ran on, and a word on the others."""
    chosen = [one for one in experiments if found.code_of(one) == found.main_code]
    others = len(experiments) - len(chosen)
    return chosen, [f"{others} on another code"] if others else []


async def _shares(asked: Question, chosen: Sequence[TriedExperiment]) -> dict[str, float]:
    ledger = entries(chosen, asked.stratum.number, asked.evidence.codes)
    shares: Mapping[str, float] = await to_thread.run_sync(tpe.importance, ledger, asked.metric.direction)
    return {knob: significant(share, 2) for knob, share in shares.items()}


def _told(found: Iterable[Effect], stratum: Stratum) -> list[EffectRow]:
    return [
        EffectRow(
            term=effect.term.replace("'", ""),
            gain=round(effect.gain, decimals(stratum, effect.gain)) + 0.0,  # never -0.0
            interval=[round(end, decimals(stratum, end)) + 0.0 for end in effect.interval or ()],
            p=None if effect.p is None else significant(effect.p, 2),
        )
        for effect in found
    ]


def _beyond_noise(found: Iterable[Effect]) -> list[Effect]:
    return [effect for effect in found if effect.interval and not effect.interval[0] <= 0 <= effect.interval[1]]


def _some(terms: Sequence[str]) -> list[str]:
    shown = [term.replace("'", "") for term in terms[:MOST_EFFECTS]]
    return [*shown, f"and {len(terms) - len(shown)} more"] if len(terms) > len(shown) else shown


def _singles(placed: Factors) -> list[str]:
    return [f"{placed.singles} on a code that ran only once: get_results has its gain"] if placed.singles else []
