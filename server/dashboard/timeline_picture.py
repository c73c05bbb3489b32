"""The timeline: what each GPU did, with idle time in a colour that hurts."""

from __future__ import annotations

import time
from collections.abc import Iterator

from markupsafe import Markup

from ..schemas.lab_snapshot import LabSnapshot, SlotBar
from .picture import WIDTH, Scale, box, line, svg, text

ROW, BAR = 22, 16
LEFT, RIGHT, BOTTOM = 110, 105, 26
TITLES = {"running": "runs", "scored": "scored", "no_score": "ended without a score"}


def draw(snapshot: LabSnapshot) -> Markup:
    """Draw the slots of a snapshot."""
    height = ROW * len(snapshot.slots) + BOTTOM
    start = max(
        snapshot.at - snapshot.window_seconds,
        min((span.began for bar in snapshot.slots for span in bar.spans), default=snapshot.at - 60),
    )
    across = Scale(start, max(snapshot.at, start + 1), LEFT, WIDTH - RIGHT)
    parts = [part for turn, bar in enumerate(snapshot.slots) for part in _row(bar, turn * ROW, across, snapshot.at)]
    busy = sum(bar.idle_seconds is None for bar in snapshot.slots)
    title = f"{len(snapshot.slots)} slots, {busy} of them busy; the last {(snapshot.at - start) / 60:.0f} minutes."
    return svg([*parts, *_axis(across, height)], height, title, "timeline")


def _row(bar: SlotBar, y: float, across: Scale, now: float) -> Iterator[Markup]:
    yield text(LEFT - 8, y + BAR - 3, f"{bar.pool} {bar.slot}", "tick", "end")
    yield box(LEFT, y, WIDTH - RIGHT - LEFT, BAR, "idle", f"{bar.pool} {bar.slot}: idle {100 * bar.idle_share:.0f} %")
    for span in bar.spans:
        begin, end = across.place(span.began), across.place(now if span.ended is None else span.ended)
        yield box(begin, y, max(1.0, end - begin - 0.6), BAR, f"span {span.state}", f"{span.run}: {TITLES[span.state]}")
    state = "" if bar.idle_seconds is None else ", idle"
    share = f"{100 - 100 * bar.idle_share:.0f} % busy{state}"
    yield text(WIDTH - RIGHT + 6, y + BAR - 3, share, "tick idle" if state else "tick")


def _axis(across: Scale, height: int) -> Iterator[Markup]:
    y = height - BOTTOM + 4
    yield line(across.start, y, across.end, y, "axis")
    for share in (0.0, 0.5, 1.0):
        at = across.low + share * (across.high - across.low)
        anchor = {0.0: "start", 0.5: "middle", 1.0: "end"}[share]
        yield text(across.place(at), y + 15, time.strftime("%H:%M:%S", time.localtime(at)), "tick", anchor)
