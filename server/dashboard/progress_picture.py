"""The progress picture: every experiment a dot with its verdict, the champions a line, the noise a band, and luck a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import quantiles

from markupsafe import Markup

from ..domain import Outcome, Verdict
from ..ids import experiment_id
from ..lab.monitor.research_progress import ResearchProgress
from ..research.noise import best_by_luck
from .picture import WIDTH, Scale, box, dots, line, path, svg, text

HEIGHT = 340
LEFT, RIGHT, TOP, BOTTOM = 70, 110, 14, 34
"""Margins, within which axes and names of champions stand."""
MAX_LUCK_POINTS = 200
MIN_FOR_QUANTILES = 8
REACH_SD = 4.0
"""Standard deviations around the reference that are always shown."""
SHOWN = (
    Verdict.NONE,
    Verdict.REFERENCE,
    Verdict.WORSE,
    Verdict.INCONCLUSIVE,
    Verdict.NOT_SHOWN,
    Verdict.PROMISING,
    Verdict.CONFIRMED,
)
"""From the bottom to the top, where dots overlap."""


def draw(progress: ResearchProgress) -> Markup:
    """Draw the progress in a stratum that has scores."""
    across, up = scales(progress)
    parts = [
        *_noise(progress, across, up),
        *_axes(progress, across, up),
        *_scores(progress, across, up),
        *_champions(progress, across, up),
    ]
    scored = sum(outcome.score is not None for outcome in progress.outcomes)
    names = ", ".join(step.name for step in progress.champions) or "none"
    title = f"{scored} scores of {len(progress.outcomes)} experiments in the order in which they ended. Champions: {names}."
    return svg(parts, HEIGHT, title, "progress")


def positions(progress: ResearchProgress) -> list[tuple[float, float, str]]:
    """Return the place of each experiment in the picture, with its id: what a pointer is near to."""
    across, up = scales(progress)
    return [
        (across.place(turn), _height(outcome, up), experiment_id(outcome.number))
        for turn, outcome in enumerate(progress.outcomes, 1)
    ]


def scales(progress: ResearchProgress) -> tuple[Scale, Scale]:
    """Return the scales of the picture: the order, and the score. Better is up."""
    across = Scale(0, max(1, len(progress.outcomes)) + 1, LEFT, WIDTH - RIGHT)
    low, high = _range(progress)
    if progress.metric.direction == "minimize":
        low, high = high, low
    return across, Scale(low, high, HEIGHT - BOTTOM, TOP)


def _range(progress: ResearchProgress) -> tuple[float, float]:
    """Return the scores that are shown: nearly all, and those around the reference. Others stand at the edge."""
    scores = sorted(outcome.score for outcome in progress.outcomes if outcome.score is not None)
    values = [step.score for step in progress.champions]
    if len(scores) >= MIN_FOR_QUANTILES:
        cuts = quantiles(scores, n=20)
        best = scores[0] if progress.metric.direction == "minimize" else scores[-1]
        values += [cuts[0], cuts[-2], best]
    else:
        values += scores
    stratum = progress.stratum
    if stratum is not None and stratum.reference is not None:
        reach = REACH_SD * (stratum.noise or 0.0)
        values += [stratum.reference - reach, stratum.reference + reach]
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or abs(high) * 0.01 or 1.0
    return low - margin, high + margin


def _height(outcome: Outcome, up: Scale) -> float:
    """Return the place of a score; without one, it stands on the axis."""
    return HEIGHT - BOTTOM if outcome.score is None else up.place(outcome.score)


def _axes(progress: ResearchProgress, across: Scale, up: Scale) -> Iterator[Markup]:
    lowest, highest = sorted((up.low, up.high))
    for value in Scale(lowest, highest, 0, 1).ticks():
        y = up.place(value)
        yield line(LEFT, y, WIDTH - RIGHT, y, "grid")
        yield text(LEFT - 8, y + 4, f"{value:g}", "tick", "end")
    for value in across.ticks():
        if value >= 1 and value == int(value):
            yield text(across.place(value), HEIGHT - BOTTOM + 18, f"{value:g}", "tick", "middle")
    yield line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "axis")
    yield text(WIDTH - RIGHT, HEIGHT - 4, "experiments that have ended", "tick", "end")
    yield text(LEFT, TOP - 3, f"{progress.metric.name}, better is up", "tick")


def _noise(progress: ResearchProgress, across: Scale, up: Scale) -> Iterator[Markup]:
    stratum = progress.stratum
    if stratum is None or stratum.reference is None or not stratum.noise:
        return
    ends = sorted(up.place(stratum.reference + sign * 2 * stratum.noise) for sign in (-1, 1))
    yield box(LEFT, ends[0], WIDTH - RIGHT - LEFT, round(ends[1] - ends[0], 1), "noise", "the reference, ± 2 sd between seeds")
    count = len(progress.outcomes)
    turns = sorted({1 + round(place * (count - 1) / MAX_LUCK_POINTS) for place in range(MAX_LUCK_POINTS + 1)}) if count else []
    luck = best_by_luck(stratum.reference, stratum.noise, turns, progress.metric.direction)
    yield path([(across.place(turn), up.place(score)) for turn, score in zip(turns, luck, strict=True)], "luck")


def _scores(progress: ResearchProgress, across: Scale, up: Scale) -> Iterator[Markup]:
    ended = list(enumerate(progress.outcomes, 1))
    failed = [(across.place(turn), float(HEIGHT - BOTTOM)) for turn, outcome in ended if outcome.score is None]
    if failed:
        yield dots(failed, "v-failed")
    for verdict in SHOWN:
        places = [
            (across.place(turn), up.place(outcome.score))
            for turn, outcome in ended
            if outcome.score is not None and shown_verdict(outcome.verdict) is verdict
        ]
        if places:
            yield dots(places, f"v-{verdict}")


def shown_verdict(verdict: Verdict) -> Verdict:
    """Return the verdict as which an experiment is drawn: one that is pending has none yet."""
    return verdict if verdict in SHOWN else Verdict.NONE


def _champions(progress: ResearchProgress, across: Scale, up: Scale) -> Iterator[Markup]:
    steps: Sequence[tuple[int, float, str]] = [(step.start, step.score, step.name) for step in progress.champions]
    count = len(progress.outcomes)
    for turn, (start, score, name) in enumerate(steps):
        end = steps[turn + 1][0] if turn + 1 < len(steps) else count + 1
        y = up.place(score)
        yield line(across.place(start), y, across.place(max(end, start + 1)), y, "champion")
        if turn + 1 < len(steps):
            yield line(across.place(end), y, across.place(end), up.place(steps[turn + 1][1]), "champion")
        else:
            yield text(WIDTH - RIGHT + 6, y + 4, name, "champion-name")
