"""What plots as text share: they are for a terminal, and for readers who can't see pictures."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import quantiles

COLUMNS = 72
"""Width of the part in which values are drawn."""
ROWS = 16
MIN_POINTS_TO_CUT = 20
"""From so many points on, the axis leaves out the outermost: one failed idea would press all others together."""
Point = tuple[float, float, str]
"""Place on the horizontal and on the vertical axis, and the character that is drawn."""


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
        row = place_of(high - height, high - low, ROWS)
        grid[row] = ["─"] * COLUMNS
        names[row] = f" {name}"
    for x, y, mark in points:
        grid[place_of(high - y, high - low, ROWS)][place_of(x - left, right - left, COLUMNS)] = mark
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


def place_of(distance: float, whole: float, count: int) -> int:
    """Return in which of so many equal parts of a whole something lies."""
    share = distance / whole if whole > 0 else 0.5
    return min(count - 1, max(0, int(share * count)))
