"""`plot`: which experiments each plot shows, and its caption. One function draws each plot; `_PLOTS` maps its name to it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from ....trainer.contract.curve import Point, read_curve
from ...domain import FINISHED, Metric, Picture, Purpose, RunStatus, Stratum
from ...errors import BadInputError
from ...figures import (
    curves_plot,
    effects_plot,
    horizons_plot,
    parallel_plot,
    pareto_plot,
    progress_plot,
    timeline_plot,
)
from ...ids import experiment_id, id_ranges, run_id
from ...research.effects import Effect
from ...research.horizons import agreement
from ...research.noise import best_by_luck
from ...schemas.launch import GridLaunch
from ...schemas.monitor import WaitQuery
from ...settings import RUNS
from ...store.comparison.champion_steps import champion_steps
from ...store.experiments.trials import SlotInterval, TriedExperiment, slot_intervals
from ..lab import Lab
from ..results.experiment_rows import significant, stratum_id
from ..sanitize import cut
from . import statistics
from .dataset import Evidence, gather_evidence, group_by_tree
from .factors import differing_knobs, fit_effects

MAX_EFFECTS = 12
MAX_INTERACTIONS = 6
MAX_CURVES = 6
MAX_REFERENCE_CURVES = 4
MAX_KNOBS = 9
MAX_LINES = 400
MAX_RANGES_NAMED = 10
"""Ranges of ids that an error names."""
MAX_TIMELINE_EXPERIMENTS = 2000
MAX_HORIZONS = 3
MAX_NAMED_BEST = 5
"""Sources on a front that a caption names."""
MAX_CHANGES = 34
"""Characters of an experiment's changes in a legend."""


@dataclass(frozen=True, slots=True)
class RenderedPlot:
    """A plot.

    Attributes:
        png: The PNG file's bytes.
        caption: What the plot shows and what it leaves out, for readers who can't see it.
        text: The plot in characters.
    """

    png: bytes
    caption: str
    text: str


@dataclass(frozen=True, slots=True)
class PlotInput:
    """What a plot is drawn from.

    Attributes:
        lab: The lab.
        evidence: The experiments.
        has_ids: Whether the caller named experiments. Otherwise all experiments are meant.
        metric_name: The metric or measure against which scores are shown; None for the first that differs.
    """

    lab: Lab
    evidence: Evidence
    has_ids: bool
    metric_name: str | None = None

    @property
    def metric(self) -> Metric:
        """The metric of the scores."""
        return self.lab.trainer.metric

    def note(self, shown: Iterable[TriedExperiment] | None = None) -> str:
        """Return a line with the stratum and what is left out; see `Evidence.left_out`."""
        stratum = self.evidence.stratum
        title = f"Stratum {stratum_id(stratum.number)}: {stratum.facts.get('device')}, {stratum.facts.get(statistics.BUDGET)} s"
        left_out = self.evidence.left_out(shown)
        return f"{title}. Left out: {'; '.join(left_out)}." if left_out else f"{title}."


async def plot(
    lab: Lab,
    what: Picture = "progress",
    ids: Sequence[str] | None = None,
    gpu: str | None = None,
    metric: str | None = None,
) -> RenderedPlot:
    """Draw experiments of one stratum.

    Args:
        lab: The lab.
        what: Which plot.
        ids: Experiments, grids, ranges; None for all. If they span strata, the stratum with the most of them is shown.
        gpu: Only experiments that asked for this kind of device.
        metric: For `pareto`, the metric or measure against which scores are shown.

    Raises:
        BadInputError: There is nothing to show, or a text is not an id.
        NotFoundError: An id doesn't exist.
    """
    if metric is not None and what != "pareto":
        raise BadInputError(f"metric={metric!r} has no meaning with what={what!r}", 'Set what="pareto", or leave metric out')
    return await _PLOTS[what](PlotInput(lab, await gather_evidence(lab, ids, gpu), ids is not None, metric))


async def plot_lab(lab: Lab, evidence: Evidence, what: Picture) -> RenderedPlot:
    """Draw the whole lab, from evidence that was gathered without ids: for callers that ask for several plots.

    Raises:
        BadInputError: There is nothing to show.
    """
    return await _PLOTS[what](PlotInput(lab, evidence, has_ids=False))


async def _plot_progress(shown: PlotInput) -> RenderedPlot:
    evidence, metric = shown.evidence, shown.metric
    ended = sorted(
        [*evidence.scored, *evidence.failed], key=lambda experiment: (experiment.finished_at or 0.0, experiment.number)
    )
    stratum = evidence.stratum
    steps = await champion_steps(shown.lab.db, stratum.number, [experiment.finished_at for experiment in ended])
    progress = progress_plot.Progress(
        metric=metric.name,
        direction=metric.direction,
        scores=[(experiment.score, experiment.verdict.value) for experiment in ended],
        reference=stratum.reference,
        noise=stratum.noise,
        luck=best_by_luck(stratum.reference, stratum.noise, range(1, len(ended) + 1), metric.direction),
        champions=[(step.start, step.score, step.name) for step in steps],
        note=shown.note(ended),
    )
    names = ", ".join(f"{name} at {significant(score, 5):g}" for _, score, name in progress.champions)
    caption = f"{len(ended)} experiments in order of completion. Champions: {names or 'none has a score here'}. {progress.note}"
    return RenderedPlot(await to_thread.run_sync(progress_plot.draw, progress), caption, progress_plot.as_text(progress))


async def _plot_effects(shown: PlotInput) -> RenderedPlot:
    factors, effects = await fit_effects(shown.lab, shown.evidence, all_codes=shown.has_ids)
    main = [_bar(effect) for effect in effects.main[:MAX_EFFECTS]]
    if not main:
        raise BadInputError(
            f"{_named(shown.evidence.scored)} differ in nothing whose effect can be estimated",
            _launch_different(shown.evidence),
        )
    interactions = [_bar(effect) for effect in effects.interactions[:MAX_INTERACTIONS]]
    png = await to_thread.run_sync(effects_plot.draw, shown.metric.name, main, interactions, shown.note())
    largest = ", ".join(f"{term} {gain:+.3g}" for term, gain, _ in main[:3])
    unknown = f"; {len(effects.unknown)} effects can't be estimated" if effects.unknown else ""
    caption = f"Effects over {len(factors.points)} experiments; the largest: {largest}{unknown}. {shown.note()}"
    return RenderedPlot(png, caption, effects_plot.as_text(main, interactions))


def _bar(effect: Effect) -> effects_plot.Bar:
    return effect.term.replace("'", ""), effect.gain, effect.interval


async def _plot_curves(shown: PlotInput) -> RenderedPlot:
    scored = shown.evidence.scored
    maximize = shown.metric.direction == "maximize"
    best_first = sorted(scored, key=lambda experiment: experiment.score or 0.0, reverse=maximize)
    replicates = [experiment for experiment in scored if experiment.purpose is Purpose.BASELINE][:MAX_REFERENCE_CURVES]
    if not shown.has_ids:
        best_first = [experiment for experiment in best_first if experiment.purpose is not Purpose.BASELINE]
    first_of_each = [arm[0] for arm in group_by_tree(best_first).values()]
    runs = shown.lab.folder / RUNS
    chosen = await to_thread.run_sync(_read_curves, runs, first_of_each, MAX_CURVES)
    reference = await to_thread.run_sync(_read_curves, runs, replicates, MAX_REFERENCE_CURVES)
    if not chosen and not reference:
        raise BadInputError(
            f"{_named(scored)} have no training curve",
            "A trainer makes one by reporting progress: see docs/trainers.md",
        )
    named = [
        (f"{experiment_id(experiment.number)} {cut(experiment.changes, MAX_CHANGES)}", curve) for experiment, curve in chosen
    ]
    of_reference = [curve for _, curve in reference]
    png = await to_thread.run_sync(curves_plot.draw, named, of_reference, shown.note())
    names = ", ".join(name for name, _ in named)
    caption = f"Training curves, best score first: {names or 'only the reference'}. {shown.note()}"
    return RenderedPlot(png, caption, curves_plot.as_text(named, of_reference))


def _read_curves(
    runs: Path, experiments: Iterable[TriedExperiment], count: int
) -> list[tuple[TriedExperiment, Sequence[Point]]]:
    """Return up to `count` experiments that have a curve, in their order, each with the curve of its last run that has one."""
    curves: list[tuple[TriedExperiment, Sequence[Point]]] = []
    for experiment in experiments:
        for attempt in range(experiment.attempts, 0, -1):
            if len(curve := read_curve(runs / run_id(experiment.number, attempt))) > 1:
                curves.append((experiment, curve))
                break
        if len(curves) == count:
            break
    return curves


async def _plot_timeline(shown: PlotInput) -> RenderedPlot:
    experiments = {experiment.number: experiment for experiment in shown.evidence.everything[-MAX_TIMELINE_EXPERIMENTS:]}
    intervals = await slot_intervals(shown.lab.db, list(experiments))
    if not intervals:
        raise BadInputError(
            f"{_named(shown.evidence.everything)} have not run yet",
            f"Call {WaitQuery(ids=shown.evidence.pending_ids).as_call()}",
        )
    now = time.time()
    bars = [_timeline_bar(interval, experiments[interval.experiment], now) for interval in intervals]
    is_cut = len(experiments) < len(shown.evidence.everything)
    note = f"Only the newest {MAX_TIMELINE_EXPERIMENTS} experiments." if is_cut else ""
    png = await to_thread.run_sync(timeline_plot.draw, bars, note)
    unscored = sum(bar.scored is False for bar in bars)
    caption = f"{len(bars)} runs by slot over time; {unscored} ended without a score. {note}".rstrip()
    return RenderedPlot(png, caption, timeline_plot.as_text(bars))


def _timeline_bar(interval: SlotInterval, experiment: TriedExperiment, now: float) -> timeline_plot.TimelineBar:
    is_scored = experiment.score is not None if experiment.status in FINISHED else None
    return timeline_plot.TimelineBar(
        pool=interval.pool,
        began=interval.began,
        ended=interval.ended or now,
        startup=float(experiment.seconds.get("startup") or 0.0),
        training=statistics.own_training_seconds(experiment, "resumed"),
        scored=False if interval.status is RunStatus.LOST else is_scored,
    )


async def _plot_parallel(shown: PlotInput) -> RenderedPlot:
    experiments = shown.evidence.scored[-MAX_LINES:]
    knobs = dict(list(differing_knobs(experiments).items())[:MAX_KNOBS])
    if not knobs:
        raise BadInputError(
            f"{_named(experiments)} don't differ in a knob that all of them have", _launch_different(shown.evidence)
        )
    lines = [(experiment.knobs, experiment.score or 0.0) for experiment in experiments]
    metric = shown.metric
    png = await to_thread.run_sync(parallel_plot.draw, metric.name, metric.direction, knobs, lines, shown.note())
    which = f"The newest {len(lines)}" if len(lines) < len(shown.evidence.scored) else f"{len(lines)}"
    text = parallel_plot.as_text(metric.name, metric.direction, list(knobs), lines)
    return RenderedPlot(png, f"{which} experiments by {', '.join(knobs)}. {shown.note()}", text)


async def _plot_horizons(shown: PlotInput) -> RenderedPlot:
    strata = statistics.budget_pairs(shown.evidence)
    pairs = [pair for short, longer in strata if (pair := _horizon_pair(shown, short, longer)) is not None]
    if not pairs:
        raise BadInputError(
            "No source is scored at two budgets",
            f"Run one at a longer budget: {statistics.longer_launch(shown.evidence, shown.metric.direction).as_call()}",
        )
    metric = shown.metric
    png = await to_thread.run_sync(horizons_plot.draw, metric.name, metric.direction, pairs[-MAX_HORIZONS:])
    correlations = "; ".join(f"{pair.short} and {pair.longer}: {pair.tau}" for pair in pairs)
    text = "\n\n".join(horizons_plot.as_text(pair.short, pair.longer, pair.scores) for pair in pairs[-MAX_HORIZONS:])
    return RenderedPlot(png, f"Scores at one budget against a longer one. {correlations}.", text)


def _horizon_pair(shown: PlotInput, short: Stratum, longer: Stratum) -> horizons_plot.BudgetPair | None:
    """Return the scores of the sources that ran at both budgets, best first; None if no source did."""
    at_short, at_longer = (statistics.mean_scores(shown.evidence, stratum.number) for stratum in (short, longer))
    names = {experiment.tree: experiment_id(experiment.number) for experiment in reversed(shown.evidence.everything)}
    maximize = shown.metric.direction == "maximize"
    both = sorted(at_short.keys() & at_longer.keys(), key=lambda tree: at_short[tree], reverse=maximize)
    if not both:
        return None
    rank = agreement(at_short, at_longer)
    tau = f"{len(both)} ran at both, which are too few or too similar for a rank correlation"
    if rank is not None:
        tau = f"Kendall's tau {rank.tau:.2f} ({rank.interval[0]:.2f} to {rank.interval[1]:.2f})"
    budgets = [f"{stratum.facts.get(statistics.BUDGET):g} s" for stratum in (short, longer)]
    scores = [(names[tree], at_short[tree], at_longer[tree]) for tree in both]
    return horizons_plot.BudgetPair(budgets[0], budgets[1], scores, tau)


async def _plot_pareto(shown: PlotInput) -> RenderedPlot:
    metric, others = shown.metric, shown.lab.trainer.other_metrics
    fronts = statistics.find_fronts(shown.evidence, metric, others)
    if not fronts:
        raise BadInputError(
            f"{_named(shown.evidence.scored)} don't differ in another metric, nor in memory, speed or size",
            _launch_different(shown.evidence),
        )
    name = shown.metric_name or next((name for name in fronts if name in others), next(iter(fronts)))
    front = statistics.front_named(fronts, name)
    limits = [limit for guard in metric.guards if guard.metric == name for limit in (guard.at_least, guard.at_most)]
    tradeoff = pareto_plot.Tradeoff(
        score=(metric.name, metric.direction),
        metric=(name, "minimize" if front.less_is_better else "maximize"),
        points=front.points,
        front=front.best,
        limits=[limit for limit in limits if limit is not None],
    )
    png = await to_thread.run_sync(pareto_plot.draw, tradeoff, shown.note())
    best = ", ".join(
        f"{name} ({significant(score, 5):g} at {significant(value, 4):g})"
        for name, value, score in (front.points[place] for place in front.best[:MAX_NAMED_BEST])
    )
    caption = (
        f"{metric.name} against {name}, {len(front.points)} sources; on the front, best score first: {best}. {shown.note()}"
    )
    return RenderedPlot(png, caption, pareto_plot.as_text(front.points, front.best, name, metric.name))


def _named(experiments: Iterable[TriedExperiment]) -> str:
    """Return experiments as the subject of an error: `The experiments e0001-e0008`."""
    ranges = id_ranges(experiment.number for experiment in experiments)
    more = f" and {len(ranges) - MAX_RANGES_NAMED} more ranges" if len(ranges) > MAX_RANGES_NAMED else ""
    return f"The experiments {', '.join(ranges[:MAX_RANGES_NAMED])}{more}"


def _launch_different(evidence: Evidence) -> str:
    """Return the remedy where experiments don't differ: a grid over the first knob that is a number, if there is one."""
    for name, value in evidence.scored[-1].knobs.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value:
            grid = GridLaunch(factors={name: [value, 2 * value]}, hypothesis=f"{name} matters")
            return f"Launch experiments that differ, such as {grid.as_call()}"
    return "Launch experiments that differ, with launch_grid"


_PLOTS: Mapping[Picture, Callable[[PlotInput], Awaitable[RenderedPlot]]] = {
    "progress": _plot_progress,
    "effects": _plot_effects,
    "curves": _plot_curves,
    "timeline": _plot_timeline,
    "parallel": _plot_parallel,
    "horizons": _plot_horizons,
    "pareto": _plot_pareto,
}
