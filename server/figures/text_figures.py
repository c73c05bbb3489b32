"""Figures as text, for a terminal and for readers who can't see pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import quantiles
from typing import Any

from .curves_plot import Curve
from .effects_plot import Bar, reach
from .progress_plot import Progress
from .slot_lanes import assign_lanes
from .timeline_plot import TimelineBar

COLUMNS = 72
"""Width of the part in which values are drawn."""
ROWS = 16
MAX_LANES = 40
MIN_POINTS_TO_CUT = 20
"""From so many points on, the axis leaves out the outermost: one failed idea would press all others together."""
MAX_NAME = 38
MAX_TABLE_ROWS = 20
VERDICT_MARKS: Mapping[str, str] = {
    "worse": ".",
    "inconclusive": "o",
    "not_shown": "-",
    "promising": "+",
    "confirmed": "*",
    "reference": "r",
}
FAILED = "x"
Point = tuple[float, float, str]
"""Place on the horizontal and on the vertical axis, and the character that is drawn."""


def progress_text(progress: Progress) -> str:
    """Return scores in the order of finishing, a character for each verdict, with the champions as lines."""
    points = [(float(x), y, VERDICT_MARKS.get(verdict, "o")) for x, (y, verdict) in enumerate(progress.scores) if y is not None]
    lines = [(score, name) for _, score, name in progress.champions]
    failed = sum(score is None for score, _ in progress.scores)
    used = {mark for _, _, mark in points}
    legend = "  ".join(f"{mark} {verdict.replace('_', ' ')}" for verdict, mark in VERDICT_MARKS.items() if mark in used)
    more = f"  {FAILED} failed: {failed}" if failed else ""
    return "\n".join([*scatter(points, "order of finishing", progress.metric, lines), f"{legend}{more}"])


def effects_text(main: Sequence[Bar], interactions: Sequence[Bar]) -> str:
    """Return a row for each effect: its interval as a line, its gain as a dot, and 0 as a bar."""
    edge = reach([*main, *interactions]) or 1.0
    rows = [_effect_row(bar, edge) for bar in main]
    return "\n".join(
        [*rows, *(["together, beyond the sum:"] if interactions else []), *(_effect_row(b, edge) for b in interactions)]
    )


def curves_text(chosen: Sequence[tuple[str, Curve]], reference: Sequence[Curve]) -> str:
    """Return training curves, a letter for each experiment, and dots for the reference."""
    points = [(seconds, loss, "·") for curve in reference for seconds, loss in curve]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for letter, (_, curve) in zip(letters, reversed(chosen), strict=False):
        points += [(seconds, loss, letter) for seconds, loss in curve]
    names = [f"{letter} {name}" for letter, (name, _) in zip(letters, reversed(chosen), strict=False)]
    return "\n".join([*scatter(points, "seconds of training", "training loss"), *reversed(names), "· reference"])


def timeline_text(intervals: Sequence[TimelineBar]) -> str:
    """Return a line for each slot: what it did in each part of the time."""
    start, end = min(bar.began for bar in intervals), max(bar.ended for bar in intervals)
    width = (end - start) / COLUMNS or 1.0
    lanes = assign_lanes(intervals)
    lines = [f"{pool[:12]:<12} {_lane(lane, start, width)}" for pool, lane in lanes[:MAX_LANES]]
    more = [f"and {len(lanes) - MAX_LANES} more slots"] if len(lanes) > MAX_LANES else []
    return "\n".join([*lines, *more, f"█ scored or running  x no score  · idle; {end - start:,.0f} s in all"])


def tradeoff_text(points: Sequence[tuple[str, float, float]], front: Sequence[int], metric: str, score: str) -> str:
    """Return scores against another metric; the front as stars."""
    on_front = set(front)
    marks = [(value, y, "*" if place in on_front else "o") for place, (_, value, y) in enumerate(points)]
    marks.sort(key=lambda point: point[2], reverse=True)  # what is drawn later stands above
    return "\n".join([*scatter(marks, metric, score), "* on the front  o beaten in both"])


def budgets_text(short: str, longer: str, scores: Sequence[tuple[str, float, float]]) -> str:
    """Return the scores at one budget against those at a longer one."""
    return "\n".join(scatter([(x, y, "o") for _, x, y in scores], f"score at {short}", f"score at {longer}"))


def knobs_text(metric: str, direction: str, knobs: Sequence[str], lines: Sequence[tuple[Mapping[str, Any], float]]) -> str:
    """Return knobs and scores as a table, the best score first."""
    best_first = sorted(lines, key=lambda line: line[1], reverse=direction == "maximize")
    rows = [[*(str(values.get(knob, "")) for knob in knobs), f"{score:.6g}"] for values, score in best_first[:MAX_TABLE_ROWS]]
    table = [[*knobs, metric], *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(knobs) + 1)]
    shown = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
    more = [f"and {len(lines) - MAX_TABLE_ROWS} more"] if len(lines) > MAX_TABLE_ROWS else []
    return "\n".join([*shown, *more])


def scatter(points: Sequence[Point], across: str, up: str, lines: Sequence[tuple[float, str]] = ()) -> list[str]:
    """Return points in a frame with the ends of both axes. Points beyond the vertical axis are drawn at its edge.

    Args:
        points: Where two fall on one place, the later one is seen.
        across: What the horizontal axis shows.
        up: What the vertical axis shows.
        lines: Heights at which a line is drawn, with their names.
    """
    low, high = _ends([y for _, y, _ in points] + [y for y, _ in lines])
    left, right = min((x for x, _, _ in points), default=0.0), max((x for x, _, _ in points), default=1.0)
    grid = [[" "] * COLUMNS for _ in range(ROWS)]
    names = [""] * ROWS
    for height, name in lines:
        row = _place(high - height, high - low, ROWS)
        grid[row] = ["─"] * COLUMNS
        names[row] = f" {name}"
    for x, y, mark in points:
        grid[_place(high - y, high - low, ROWS)][_place(x - left, right - left, COLUMNS)] = mark
    labels = {0: f"{high:.5g}", ROWS - 1: f"{low:.5g}"}
    width = max(len(label) for label in labels.values())
    drawn = [f"{labels.get(row, ''):>{width}} │{''.join(cells)}{names[row]}" for row, cells in enumerate(grid)]
    ends = f"{left:.5g}"
    ends += f"{across} →".center(COLUMNS - len(ends) - len(f"{right:.5g}")) + f"{right:.5g}"
    return [f"{up} ↑", *drawn, f"{'':>{width}} └{'─' * COLUMNS}", f"{'':>{width}}  {ends}"]


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the vertical axis: of all values, or of those within three interquartile ranges of the quartiles."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    if len(values) < MIN_POINTS_TO_CUT:
        return low, high
    first, _, third = quantiles(values, n=4)
    margin = 3 * (third - first)
    return (max(low, first - margin), min(high, third + margin)) if margin else (low, high)


def _place(distance: float, whole: float, count: int) -> int:
    """Return in which of so many equal parts of a whole something lies."""
    share = distance / whole if whole > 0 else 0.5
    return min(count - 1, max(0, int(share * count)))


def _effect_row(bar: Bar, edge: float) -> str:
    name, gain, interval = bar
    cells = [" "] * (COLUMNS // 2)
    if interval is not None:
        first, last = (_place(end + edge, 2 * edge, len(cells)) for end in interval)
        cells[first : last + 1] = ["─"] * (last + 1 - first)
    cells[_place(edge, 2 * edge, len(cells))] = "│"
    cells[_place(gain + edge, 2 * edge, len(cells))] = "●"
    span = "" if interval is None else f" ({interval[0]:+.3g} to {interval[1]:+.3g})"
    return f"{name[:MAX_NAME]:<{MAX_NAME}} {''.join(cells)} {gain:+.3g}{span}"


def _lane(lane: Sequence[TimelineBar], start: float, width: float) -> str:
    """Return what a slot did for longest in each part of the time."""
    cells: list[str] = []
    for place in range(COLUMNS):
        begin = start + place * width
        held = {"█": 0.0, "x": 0.0}
        for bar in lane:
            held["x" if bar.scored is False else "█"] += max(0.0, min(bar.ended, begin + width) - max(bar.began, begin))
        held["·"] = width - sum(held.values())
        cells.append(max(held, key=lambda mark: held[mark]))
    return "".join(cells)
