"""What each slot did, over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .canvas import BLUE, GREEN, ORANGE, RED, canvas, plain, png

MOST_LANES = 40
ROW = 0.3


@dataclass(frozen=True, slots=True)
class Stay:
    """A run on a slot. Unix times, and seconds.

    Attributes:
        scored: It gave a score; None for what still runs.
    """

    pool: str
    began: float
    ended: float
    startup: float
    training: float
    scored: bool | None


def draw(stays: Sequence[Stay], note: str = "") -> bytes:
    """A lane for each slot: starting up, training, evaluating; red where no score came of it."""
    lanes = _lanes(stays)
    shown = lanes[:MOST_LANES]
    start = min(stay.began for stay in stays)
    span = max(stay.ended for stay in stays) - start
    unit, name = _unit(span)
    held = sum(stay.ended - stay.began for stay in stays)
    busy = f", {100 * held / (len(lanes) * span):.0f} % of the time held" if span else ""
    figure, (axes,) = canvas(f"{len(stays)} runs on {len(lanes)} slots{busy}", note, height=1.9 + ROW * max(5, len(shown)))
    for place, (_, lane) in enumerate(shown):
        for stay in lane:
            left = (stay.began - start) / unit
            for seconds, offset, colour in _phases(stay):
                axes.barh(place, seconds / unit, left=left + offset / unit, color=colour, height=0.72, linewidth=0)
    for colour, label in ((ORANGE, "starting up"), (BLUE, "training"), (GREEN, "evaluating"), (RED, "no score came of it")):
        axes.barh(0, 0, color=colour, label=label)
    axes.set_yticks(range(len(shown)), [plain(pool, 18) for pool, _ in shown], fontsize=9)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, span / unit if span else 1)
    axes.set_xlabel(f"{name} since the first run", fontsize=11)
    axes.legend(fontsize=9, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.0), ncols=4)
    axes.set_ylim(len(shown) - 0.4, -0.6 - 0.12 * max(5, len(shown)))
    return png(figure)


def _phases(stay: Stay) -> list[tuple[float, float, str]]:
    """Length, offset and colour of what a run did, in turn."""
    whole = stay.ended - stay.began
    if stay.scored is False:
        return [(whole, 0.0, RED)]
    startup = min(stay.startup, whole)
    training = min(stay.training, whole - startup)
    return [(startup, 0.0, ORANGE), (training, startup, BLUE), (whole - startup - training, startup + training, GREEN)]


def _lanes(stays: Sequence[Stay]) -> list[tuple[str, list[Stay]]]:
    """Runs on the first slot of their pool that was free."""
    lanes: list[tuple[str, list[Stay]]] = []
    for stay in sorted(stays, key=lambda stay: stay.began):
        # Clocks of two machines may differ by a moment.
        free = (lane for pool, lane in lanes if pool == stay.pool and lane[-1].ended <= stay.began + 0.5)
        lane = next(free, None)
        if lane is None:
            lane = []
            lanes.append((stay.pool, lane))
        lane.append(stay)
    return sorted(lanes, key=lambda named: named[0])


def _unit(seconds: float) -> tuple[float, str]:
    if seconds > 3 * 3600:
        return 3600.0, "hours"
    return (60.0, "minutes") if seconds > 180 else (1.0, "seconds")
