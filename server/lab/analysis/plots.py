"""Pictures of the lab: which experiments each shows, and the words beside it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from ....trainer.contract.curve import Point, read_curve
from ...domain import FINISHED, Metric, Stratum, experiment_id, run_id
from ...errors import BadInputError
from ...figures import curves_plot as curves_figure
from ...figures import effects_plot as effects_figure
from ...figures import horizons_plot as horizons_figure
from ...figures import parallel_plot as parallel_figure
from ...figures import progress_plot as progress_figure
from ...figures import timeline_plot as timeline_figure
from ...research.effects import Effect
from ...research.horizons import agreement
from ...schemas.analysis import Picture
from ...settings import RUNS
from ...store.comparison import champions
from ...store.experiments import stats
from ...store.experiments.trials import TriedExperiment, slot_intervals
from ..lab import Lab
from ..references import BASELINE
from ..results.experiment_rows import significant, stratum_id
from ..sanitize import cut
from . import analyze, statistics
from .dataset import Evidence, by_tree, gather
from .factors import differing

MOST_EFFECTS = 12
MOST_PAIRS = 6
"""Interactions."""
MOST_CURVES = 6
MOST_REFERENCES = 4
MOST_KNOBS = 9
MOST_LINES = 1500
MOST_STAYS = 2000
MOST_HORIZONS = 3
FEW_WORDS = 34


@dataclass(frozen=True, slots=True)
class RenderedPlot:
    """A picture.

    Attributes:
        png: The bytes of the file.
        caption: What it shows and what it leaves out, for those who can't see it.
    """

    png: bytes
    caption: str


@dataclass(frozen=True, slots=True)
class View:
    """What a picture is drawn of."""

    lab: Lab
    evidence: Evidence
    named: bool

    @property
    def metric(self) -> Metric:
        """What scores are of."""
        return self.lab.trainer.metric

    def note(self, shown: Iterable[TriedExperiment] | None = None) -> str:
        """The stratum, and what is left out; see `Evidence.left_out`."""
        stratum = self.evidence.stratum
        told = f"Stratum {stratum_id(stratum.number)}: {stratum.facts.get('device')}, {stratum.facts.get(statistics.BUDGET)} s"
        left_out = self.evidence.left_out(shown)
        return f"{told}. Left out: {'; '.join(left_out)}." if left_out else f"{told}."


async def plot(lab: Lab, what: Picture = "progress", ids: Sequence[str] | None = None, gpu: str | None = None) -> RenderedPlot:
    """Draw experiments of one stratum.

    Args:
        lab: The lab.
        what: Which picture.
        ids: Experiments, grids, ranges; None for all. Of several strata the one with the most of them is taken.
        gpu: Only those that asked for this kind of device.

    Raises:
        BadInputError: There is nothing to show, or an id is none.
        NotFoundError: There is no such experiment.
    """
    return await _PICTURES[what](View(lab, await gather(lab, ids, gpu), ids is not None))


async def _progress(view: View) -> RenderedPlot:
    found, metric = view.evidence, view.metric
    ended = sorted([*found.scored, *found.failed], key=lambda one: (one.finished_at or 0.0, one.number))
    reigns = await _reigns(view, ended)
    picture = progress_figure.Progress(
        metric=metric.name,
        direction=metric.direction,
        scores=[(one.score, one.verdict.value) for one in ended],
        reference=found.stratum.reference,
        noise=found.stratum.noise,
        champions=reigns,
        note=view.note(ended),
    )
    led = ", ".join(f"{name} at {significant(score, 5):g}" for _, score, name in reigns)
    caption = f"{len(ended)} experiments in the order of finishing; champions: {led or 'none scored here'}. {picture.note}"
    return RenderedPlot(await to_thread.run_sync(progress_figure.draw, picture), caption)


async def _reigns(view: View, ended: Sequence[TriedExperiment]) -> list[tuple[int, float, str]]:
    """From which place in the order each champion led, and its mean score here; those without a score here are left out."""
    found: list[tuple[int, float, str]] = []
    for reign in await champions.history(view.lab.db):
        score, _ = await stats.score_of(view.lab.db, reign.champion.tree, view.evidence.stratum.number)
        number = reign.champion.experiment
        if score is not None:
            start = 0 if number is None else sum((one.finished_at or 0.0) < reign.since for one in ended)
            found.append((start, score, BASELINE if number is None else experiment_id(number)))
    return found


async def _effects(view: View) -> RenderedPlot:
    placed, found = await analyze.fitted(view.lab, view.evidence, all_codes=view.named)
    main = [_bar(effect) for effect in found.main[:MOST_EFFECTS]]
    if not main:
        raise BadInputError("These experiments differ in nothing whose effect can be told", _PLAN)
    together = [_bar(effect) for effect in found.interactions[:MOST_PAIRS]]
    draw = effects_figure.draw
    png = await to_thread.run_sync(draw, view.metric.name, main, together, view.note())
    largest = ", ".join(f"{term} {gain:+.3g}" for term, gain, _ in main[:3])
    more = f"; {len(found.unknown)} effects can't be told" if found.unknown else ""
    return RenderedPlot(png, f"Effects over {len(placed.points)} experiments; the largest: {largest}{more}. {view.note()}")


def _bar(effect: Effect) -> effects_figure.Bar:
    return effect.term.replace("'", ""), effect.gain, effect.interval


async def _curves(view: View) -> RenderedPlot:
    found = view.evidence
    reverse = view.metric.direction == "maximize"
    best = sorted(found.scored, key=lambda one: one.score or 0.0, reverse=reverse)
    chosen = best if view.named else [one for one in best if one.purpose != "baseline"]
    replicates = [one for one in found.scored if one.purpose == "baseline"][:MOST_REFERENCES]
    folder = view.lab.folder / RUNS
    drawn = await to_thread.run_sync(_read, folder, _one_a_source(chosen), MOST_CURVES)
    behind = await to_thread.run_sync(_read, folder, replicates, MOST_REFERENCES)
    if not drawn and not behind:
        raise BadInputError(
            "None of these experiments left a training curve", "Trainers report progress for one: see docs/trainers.md"
        )
    named = [(f"{experiment_id(one.number)} {cut(one.changes, FEW_WORDS)}", curve) for one, curve in drawn]
    png = await to_thread.run_sync(curves_figure.draw, named, [curve for _, curve in behind], view.note())
    told = ", ".join(name for name, _ in named)
    return RenderedPlot(png, f"Training curves, best score first: {told or 'the reference alone'}. {view.note()}")


def _one_a_source(experiments: Iterable[TriedExperiment]) -> list[TriedExperiment]:
    """The first of each source, in their order."""
    return [arm[0] for arm in by_tree(experiments).values()]


def _read(folder: Path, experiments: Iterable[TriedExperiment], most: int) -> list[tuple[TriedExperiment, Sequence[Point]]]:
    """The first so many that have a curve, in the order of `experiments`."""
    found: list[tuple[TriedExperiment, Sequence[Point]]] = []
    for one in experiments:
        for attempt in range(one.attempts, 0, -1):
            if len(curve := read_curve(folder / run_id(one.number, attempt))) > 1:
                found.append((one, curve))
                break
        if len(found) == most:
            break
    return found


async def _timeline(view: View) -> RenderedPlot:
    everything = {one.number: one for one in view.evidence.everything[-MOST_STAYS:]}
    held = await slot_intervals(view.lab.db, list(everything))
    if not held:
        raise BadInputError("None of these experiments has run", "wait() tells when one does")
    now = time.time()
    drawn = [
        timeline_figure.Stay(
            pool=stay.pool,
            began=stay.began,
            ended=stay.ended or now,
            startup=_seconds(everything[stay.experiment], "startup"),
            training=statistics.trained(everything[stay.experiment]) or 0.0,
            scored=_scored(everything[stay.experiment], lost=stay.status == "lost"),
        )
        for stay in held
    ]
    note = "" if len(everything) == len(view.evidence.everything) else f"the newest {MOST_STAYS} experiments"
    png = await to_thread.run_sync(timeline_figure.draw, drawn, note)
    idle = sum(one.scored is False for one in drawn)
    return RenderedPlot(png, f"{len(drawn)} runs by slot over time; {idle} led to no score. {note}")


def _seconds(one: TriedExperiment, part: str) -> float:
    return float(one.seconds.get(part) or 0.0)


def _scored(one: TriedExperiment, *, lost: bool) -> bool | None:
    if lost:
        return False
    return one.score is not None if one.status in FINISHED else None


async def _parallel(view: View) -> RenderedPlot:
    chosen = view.evidence.scored[-MOST_LINES:]
    knobs = dict(list(differing(chosen).items())[:MOST_KNOBS])
    if not knobs:
        raise BadInputError("These experiments differ in no knob that all of them have", _PLAN)
    lines = [(one.knobs, one.score or 0.0) for one in chosen]
    metric = view.metric
    png = await to_thread.run_sync(parallel_figure.draw, metric.name, metric.direction, knobs, lines, view.note())
    return RenderedPlot(png, f"{len(lines)} experiments by {', '.join(knobs)}. {view.note()}")


async def _horizons(view: View) -> RenderedPlot:
    pairs = [pair for one in statistics.budgets(view.evidence) if (pair := _pair(view, *one)) is not None]
    if not pairs:
        raise BadInputError(
            "No source was scored at two budgets", 'launch_experiment(base="e0042", budget_seconds=…) runs one at a longer one'
        )
    metric = view.metric
    draw = horizons_figure.draw
    png = await to_thread.run_sync(draw, metric.name, metric.direction, pairs[-MOST_HORIZONS:])
    told = "; ".join(f"{pair.short} and {pair.longer}: {pair.tau}" for pair in pairs)
    return RenderedPlot(png, f"Scores at one budget against a longer one. {told}.")


def _pair(view: View, short: Stratum, longer: Stratum) -> horizons_figure.HorizonPair | None:
    first, second = (statistics.mean_scores(view.evidence, stratum.number) for stratum in (short, longer))
    names = {one.tree: experiment_id(one.number) for one in reversed(view.evidence.everything)}
    both = sorted(first.keys() & second.keys(), key=lambda tree: first[tree], reverse=view.metric.direction == "maximize")
    if not both:
        return None
    found = agreement(first, second)
    tau = f"{len(both)} ran at both: too few, or too much alike, for a rank correlation"
    if found is not None:
        tau = f"Kendall's tau {found.tau:.2f} ({found.interval[0]:.2f} to {found.interval[1]:.2f})"
    budgets = [f"{stratum.facts.get(statistics.BUDGET):g} s" for stratum in (short, longer)]
    return horizons_figure.HorizonPair(budgets[0], budgets[1], [(names[tree], first[tree], second[tree]) for tree in both], tau)


_PLAN = 'Run some that differ: launch_grid(factors={"KNOB": [value, value]}, hypothesis=…)'
_PICTURES: Mapping[Picture, Callable[[View], Awaitable[RenderedPlot]]] = {
    "progress": _progress,
    "effects": _effects,
    "curves": _curves,
    "timeline": _timeline,
    "parallel": _parallel,
    "horizons": _horizons,
}
