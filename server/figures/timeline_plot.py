"""What each slot did over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .canvas import BLUE, GREEN, ORANGE, RED, canvas, plain, png
from .slot_lanes import assign_lanes
from .text_canvas import COLUMNS

MAX_LANES = 40
ROW_HEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class TimelineBar:
    """The time for which one run held a slot.

    Attributes:
        began: Unix time.
        ended: Unix time.
        startup: Seconds.
        training: Seconds.
        scored: Whether the run has a score; None while it runs.
    """

    pool: str
    began: float
    ended: float
    startup: float
    training: float
    scored: bool | None


def draw(intervals: Sequence[TimelineBar], note: str = "") -> bytes:
    """Draws a lane for each slot: starting up, training, evaluating; red if the run has no score."""
    lanes = assign_lanes(intervals)
    shown = lanes[:MAX_LANES]
    start = min(interval.began for interval in intervals)
    span = max(interval.ended for interval in intervals) - start
    unit, name = _unit(span)
    held = sum(interval.ended - interval.began for interval in intervals)
    busy = f", {100 * held / (len(lanes) * span):.0f} % of the time held" if span else ""
    figure, (axes,) = canvas(
        f"{len(intervals)} runs on {len(lanes)} slots{busy}", note, height=1.9 + ROW_HEIGHT * max(5, len(shown))
    )
    for place, (_, lane) in enumerate(shown):
        # One collection a colour: drawing thousands of single bars takes seconds.
        for colour, spans in _spans(lane, start, unit).items():
            axes.broken_barh(spans, (place - 0.36, 0.72), facecolors=colour, linewidth=0)
    for colour, label in ((ORANGE, "starting up"), (BLUE, "training"), (GREEN, "evaluating"), (RED, "no score")):
        axes.barh(0, 0, color=colour, label=label)
    axes.set_yticks(range(len(shown)), [plain(pool, 18) for pool, _ in shown], fontsize=9)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, span / unit if span else 1)
    axes.set_xlabel(f"{name} since the first run", fontsize=11)
    axes.legend(fontsize=9, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.0), ncols=4)
    axes.set_ylim(len(shown) - 0.4, -0.6 - 0.12 * max(5, len(shown)))
    return png(figure)


def _spans(lane: Sequence[TimelineBar], start: float, unit: float) -> dict[str, list[tuple[float, float]]]:
    """Beginning and length of each phase of the runs in a lane, by colour."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for interval in lane:
        for seconds, offset, colour in _phases(interval):
            spans.setdefault(colour, []).append(((interval.began - start + offset) / unit, seconds / unit))
    return spans


def _phases(interval: TimelineBar) -> list[tuple[float, float, str]]:
    """Length, offset and colour of each phase of a run, in order."""
    whole = interval.ended - interval.began
    if interval.scored is False:
        return [(whole, 0.0, RED)]
    startup = min(interval.startup, whole)
    training = min(interval.training, whole - startup)
    return [(startup, 0.0, ORANGE), (training, startup, BLUE), (whole - startup - training, startup + training, GREEN)]


def _unit(seconds: float) -> tuple[float, str]:
    if seconds > 3 * 3600:
        return 3600.0, "hours"
    return (60.0, "minutes") if seconds > 180 else (1.0, "seconds")


def as_text(intervals: Sequence[TimelineBar]) -> str:
    """Return a line for each slot: what it did in each part of the time."""
    start, end = min(bar.began for bar in intervals), max(bar.ended for bar in intervals)
    width = (end - start) / COLUMNS or 1.0
    lanes = assign_lanes(intervals)
    lines = [f"{pool[:12]:<12} {_lane(lane, start, width)}" for pool, lane in lanes[:MAX_LANES]]
    more = [f"and {len(lanes) - MAX_LANES} more slots"] if len(lanes) > MAX_LANES else []
    return "\n".join([*lines, *more, f"█ scored or running  x no score  · idle; {end - start:,.0f} s in all"])


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
