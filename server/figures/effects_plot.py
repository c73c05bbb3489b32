"""Effects of changes with their intervals, the largest on top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .canvas import BLUE, GREEN, GREY, INK, RED, canvas, plain, png
from .text_canvas import COLUMNS, place_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Bar = tuple[str, float, tuple[float, float] | None]
"""Name of the change, its gain, and the interval of the gain."""
TOGETHER = "together, beyond the sum:"
ROW_HEIGHT = 0.34
"""Height of a row, in inches."""
MAX_REACH = 8
"""An effect this many times the median effect is drawn at the edge; otherwise one failed run would hide all others."""
MAX_NAME = 38
"""Characters of a change in the plot as text."""


def draw(metric: str, main: Sequence[Bar], interactions: Sequence[Bar], note: str = "") -> bytes:
    """Draws a row for each effect: green if it is a gain beyond noise, red if a loss beyond noise, grey if neither is clear."""
    rows: list[Bar | None] = [*main, *([None, *interactions] if interactions else [])]
    figure, (axes,) = canvas("What each change did, other knobs held", note, height=1.9 + ROW_HEIGHT * max(4, len(rows)))
    axes.axvline(0, color=INK, linewidth=1)
    edge = reach([*main, *interactions])
    for place, row in enumerate(rows):
        if row is not None:
            _draw_row(axes, place, row, "o" if place < len(main) else "D", edge)
    axes.set_yticks(range(len(rows)), [TOGETHER if row is None else plain(row[0], 46) for row in rows], fontsize=10)
    axes.set_ylim(len(rows) - 0.4, -0.8)
    axes.margins(x=0.1)
    axes.set_xlabel(f"gain in {plain(metric)}, 95 % interval (right is better)", fontsize=11)
    axes.grid(axis="x", color="#eeeeee")
    axes.set_axisbelow(True)
    return png(figure)


def reach(bars: Sequence[Bar]) -> float:
    """Returns the largest distance from 0 that is drawn in full: that of the largest effect below `MAX_REACH` medians."""
    distances = sorted(max(map(abs, interval or (gain,))) for _, gain, interval in bars)
    limit = MAX_REACH * distances[len(distances) // 2] if distances else 0.0
    return max((distance for distance in distances if distance <= limit), default=0.0)


def _draw_row(axes: Axes, place: int, row: Bar, marker: str, edge: float) -> None:
    _, gain, interval = row
    colour, at = _colour(interval), _within(gain, edge)
    if at != gain:
        marker = "<" if gain < 0 else ">"
    elif interval is not None:
        axes.hlines(place, _within(interval[0], edge), _within(interval[1], edge), colors=colour, linewidth=2.4)
    axes.plot([at], [place], marker=marker, color=colour, markersize=7, linestyle="none")
    axes.annotate(f"{gain:+.3g}", (at, place), xytext=(0, 6), textcoords="offset points", fontsize=9, color=INK, ha="center")


def _within(value: float, edge: float) -> float:
    return min(max(value, -edge), edge)


def _colour(interval: tuple[float, float] | None) -> str:
    if interval is None:
        return BLUE
    return GREEN if interval[0] > 0 else RED if interval[1] < 0 else GREY


def as_text(main: Sequence[Bar], interactions: Sequence[Bar]) -> str:
    """Return a row for each effect: its interval as a line, its gain as a dot, and 0 as a bar."""
    edge = reach([*main, *interactions]) or 1.0
    rows = [_text_row(bar, edge) for bar in main]
    return "\n".join([*rows, *([TOGETHER] if interactions else []), *(_text_row(b, edge) for b in interactions)])


def _text_row(bar: Bar, edge: float) -> str:
    name, gain, interval = bar
    cells = [" "] * (COLUMNS // 2)
    if interval is not None:
        first, last = (place_of(end + edge, 2 * edge, len(cells)) for end in interval)
        cells[first : last + 1] = ["─"] * (last + 1 - first)
    cells[place_of(edge, 2 * edge, len(cells))] = "│"
    cells[place_of(gain + edge, 2 * edge, len(cells))] = "●"
    span = "" if interval is None else f" ({interval[0]:+.3g} to {interval[1]:+.3g})"
    return f"{name[:MAX_NAME]:<{MAX_NAME}} {''.join(cells)} {gain:+.3g}{span}"
