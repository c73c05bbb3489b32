"""Scores in the order of finishing, compared with what noise alone would show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING

from .canvas import BLUE, GREEN, GREY, INK, ORANGE, PALE, RED, better, canvas, plain, png
from .text_canvas import scatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: Mapping[str, tuple[str, str]] = {
    "worse": (GREY, "worse"),
    "inconclusive": (PALE, "inconclusive"),
    "not_shown": (ORANGE, "not shown"),
    "promising": (BLUE, "promising"),
    "confirmed": (GREEN, "confirmed"),
}
VERDICT_MARKS: Mapping[str, str] = {
    "worse": ".",
    "inconclusive": "o",
    "not_shown": "-",
    "promising": "+",
    "confirmed": "*",
    "reference": "r",
}
"""Of a score, in the plot as text."""
FAILED = "x"


@dataclass(frozen=True, slots=True)
class Progress:
    """The data of the figure.

    Attributes:
        scores: Score and verdict in the order of finishing; a score of None is a failure.
        reference: Mean score of the reference.
        noise: Standard deviation between seeds.
        champions: For each champion the position in the order from which it leads, its mean score, and its id.
        note: The title's second line.
        luck: The best score to expect from so many seeds of the reference alone, in the order of finishing.
    """

    metric: str
    direction: str
    scores: Sequence[tuple[float | None, str]]
    reference: float | None
    noise: float | None
    champions: Sequence[tuple[int, float, str]]
    note: str = ""
    luck: Sequence[float] = ()


def draw(progress: Progress) -> bytes:
    """Draws scores as dots coloured by verdict, the noise as a band, and champions as steps."""
    count = len(progress.scores)
    figure, (axes,) = canvas(f"{count} experiments in the order in which they finished", progress.note)
    _draw_noise(axes, progress)
    low, high = _range(progress)
    _draw_scores(axes, progress, low, high)
    for turn, (start, score, name) in enumerate(progress.champions):
        stop = progress.champions[turn + 1][0] if turn + 1 < len(progress.champions) else count
        stop = max(stop, start + 1 + count // 30)  # long enough to be seen
        axes.hlines(score, start, stop, colors=INK, linewidth=2.2, zorder=4)
        axes.annotate(
            plain(name),
            (stop, score),
            xytext=(4, 3),
            textcoords="offset points",
            fontsize=10,
            color=INK,
            va="bottom",
            ha="right",
        )
    axes.set_ylim(low, high)
    axes.set_xlim(-0.01 * count - 1, count + 0.01 * count + 1)
    axes.set_xlabel("experiments finished", fontsize=11)
    axes.set_ylabel(better(progress.metric, progress.direction), fontsize=11)
    figure.legend(fontsize=9, frameon=False, loc="outside lower center", ncols=4, handletextpad=0.3)
    return png(figure)


def _draw_noise(axes: Axes, progress: Progress) -> None:
    """Draws two standard deviations around the reference, and the best score to expect from seeds of the reference alone."""
    if progress.reference is None or not progress.noise:
        return
    reach = 2 * progress.noise
    axes.axhspan(
        progress.reference - reach, progress.reference + reach, color="#f3e9d2", zorder=0, label="reference ± 2 sd of seeds"
    )
    axes.plot(
        range(1, len(progress.luck) + 1),
        progress.luck,
        color=RED,
        linestyle="--",
        linewidth=1.2,
        zorder=1,
        label="best by luck alone",
    )


def _draw_scores(axes: Axes, progress: Progress, low: float, high: float) -> None:
    worst = high if progress.direction == "minimize" else low
    for verdict, (colour, name) in COLOURS.items():
        here = [
            (order, score) for order, (score, given) in enumerate(progress.scores, 1) if given == verdict and score is not None
        ]
        if not here:
            continue
        inside = [(order, score) for order, score in here if low <= score <= high]
        axes.scatter(*_columns(inside), s=26, color=colour, edgecolors=GREY, linewidths=0.4, zorder=3, label=name)
        beyond = [(order, worst) for order, score in here if not low <= score <= high]
        mark = "^" if progress.direction == "minimize" else "v"
        axes.scatter(
            *_columns(beyond), s=30, color=colour, marker=mark, edgecolors=GREY, linewidths=0.4, zorder=3, clip_on=False
        )
    failed = [(order, worst) for order, (score, _) in enumerate(progress.scores, 1) if score is None]
    if failed:
        axes.scatter(*_columns(failed), s=26, color=RED, marker="x", linewidths=1.2, zorder=3, clip_on=False, label="no score")


def _columns(points: Sequence[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [order for order, _ in points], [score for _, score in points]


def _range(progress: Progress) -> tuple[float, float]:
    """The range of the axis. It leaves out scores far worse than most, which would compress the others."""
    scores = sorted(score for score, _ in progress.scores if score is not None and math.isfinite(score))
    minimize = progress.direction == "minimize"
    low, middle, high = quantiles(scores, n=4, method="inclusive") if len(scores) > 1 else (scores[0],) * 3
    reach = max(2.0 * (high - low), 4 * (progress.noise or 0.0), 1e-9 + abs(middle) * 1e-6)
    shown = [*scores, *(score for _, score, _ in progress.champions)]
    shown += [] if progress.reference is None else [progress.reference]
    top = min(max(shown), (high + reach)) if minimize else max(shown)
    bottom = min(shown) if minimize else max(min(shown), low - reach)
    if progress.reference is not None:
        band = 3 * (progress.noise or 0.0)
        bottom, top = min(bottom, progress.reference - band), max(top, progress.reference + band)
    pad = 0.06 * (top - bottom)
    return bottom - pad, top + pad


def as_text(progress: Progress) -> str:
    """Return scores in the order of finishing, a character for each verdict, with the champions as lines."""
    points = [(float(x), y, VERDICT_MARKS.get(verdict, "o")) for x, (y, verdict) in enumerate(progress.scores) if y is not None]
    lines = [(score, name) for _, score, name in progress.champions]
    failed = sum(score is None for score, _ in progress.scores)
    used = {mark for _, _, mark in points}
    legend = "  ".join(f"{mark} {verdict.replace('_', ' ')}" for verdict, mark in VERDICT_MARKS.items() if mark in used)
    more = f"  {FAILED} failed: {failed}" if failed else ""
    return "\n".join([*scatter(points, "order of finishing", progress.metric, lines), f"{legend}{more}"])
