"""Effects with their intervals, the largest on top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .canvas import BLUE, GREEN, GREY, INK, RED, canvas, plain, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Bar = tuple[str, float, tuple[float, float] | None]
"""What was changed, what it gained, and between what."""
TOGETHER = "together, beyond the sum:"
ROW = 0.34
"""Inches."""


def draw(metric: str, main: Sequence[Bar], interactions: Sequence[Bar], note: str = "") -> bytes:
    """A row for each effect; green where it helps beyond noise, red where it hurts, grey where neither can be told."""
    rows: list[Bar | None] = [*main, *([None, *interactions] if interactions else [])]
    figure, (axes,) = canvas("What each change did, other knobs held", note, height=1.9 + ROW * max(4, len(rows)))
    axes.axvline(0, color=INK, linewidth=1)
    for place, row in enumerate(rows):
        if row is not None:
            _draw_row(axes, place, row, marker="o" if place < len(main) else "D")
    axes.set_yticks(range(len(rows)), [TOGETHER if row is None else plain(row[0], 46) for row in rows], fontsize=10)
    axes.set_ylim(len(rows) - 0.4, -0.8)
    axes.margins(x=0.1)
    axes.set_xlabel(f"gain in {plain(metric)}, 95 % interval (right is better)", fontsize=11)
    axes.grid(axis="x", color="#eeeeee")
    axes.set_axisbelow(True)
    return png(figure)


def _draw_row(axes: Axes, place: int, row: Bar, marker: str) -> None:
    _, gain, interval = row
    colour = _colour(interval)
    if interval is not None:
        axes.hlines(place, *interval, colors=colour, linewidth=2.4)
    axes.plot([gain], [place], marker=marker, color=colour, markersize=7, linestyle="none")
    axes.annotate(f"{gain:+.3g}", (gain, place), xytext=(0, 6), textcoords="offset points", fontsize=9, color=INK, ha="center")


def _colour(interval: tuple[float, float] | None) -> str:
    if interval is None:
        return BLUE
    return GREEN if interval[0] > 0 else RED if interval[1] < 0 else GREY
