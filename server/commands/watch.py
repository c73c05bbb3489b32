"""`labhand watch`: what runs, what the slots do and what it costs, live on a terminal, or once as text."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import anyio
from anyio.abc import TaskGroup
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ..lab.durations import duration
from ..lab.lab import Lab
from ..lab.monitor.snapshot import SnapshotLimits, take_snapshot
from ..schemas.lab_snapshot import LabSnapshot, SlotBar
from .console import out, print_json, results_table
from .show import with_lab

MAX_AGE_SECONDS = 5.0
"""The lab is read again after this time although nothing was written: an alert may come up by itself."""
IDLE = "·"
CELLS = {"running": ("█", "green"), "scored": ("▓", "blue"), "no_score": ("x", "red"), "idle": (IDLE, "bold yellow")}
"""How a moment of a slot is shown: readable without colours, too."""
WORDS = {"running": "running", "scored": "scored", "no_score": "no score", "idle": "idle"}
LABEL_COLUMNS, IDLE_COLUMNS, MIN_BAR_COLUMNS = 12, 22, 10
PLAIN_LIMITS = SnapshotLimits(recent=20)


def watch(root: Path, interval_seconds: float, window_seconds: float, *, once: bool, as_json: bool) -> None:
    """Show the lab until Ctrl-C. Where the output is no terminal, print it once.

    Args:
        root: The lab's folder.
        interval_seconds: Between two looks at the lab.
        window_seconds: The time that the bars of the slots show.
        once: Print once, also on a terminal.
        as_json: Print once, as one line of JSON.
    """
    if as_json or once or not out.is_terminal or out.is_dumb_terminal:
        limits = SnapshotLimits(window_seconds, PLAIN_LIMITS.slots, PLAIN_LIMITS.active, PLAIN_LIMITS.recent)
        snapshot = with_lab(root, lambda lab: take_snapshot(lab, limits))
        if as_json:
            print_json(snapshot)
        else:
            out.print(render(snapshot, snapshot.at, out.width), soft_wrap=False)
        return
    with_lab(root, lambda lab: _watch_live(lab, interval_seconds, window_seconds))


async def _watch_live(lab: Lab, interval_seconds: float, window_seconds: float) -> None:
    """Show the lab on the terminal's second screen, so that what stood there before is back afterwards."""
    with Live(console=out, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_leave_on_signal, tasks)
            await _refresh(lab, live, interval_seconds, window_seconds)


async def _leave_on_signal(tasks: TaskGroup) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        async for _ in signals:
            tasks.cancel_scope.cancel()
            return


async def _refresh(lab: Lab, live: Live, interval_seconds: float, window_seconds: float) -> None:
    seen, read_at, snapshot, size = -1, 0.0, None, out.size
    while True:
        version = await lab.db.version()
        is_old = time.monotonic() - read_at > MAX_AGE_SECONDS
        if snapshot is None or version != seen or is_old or size != out.size:
            seen, read_at, size = version, time.monotonic(), out.size
            snapshot = await take_snapshot(lab, _fitting(out, window_seconds))
        live.update(render(snapshot, time.time(), out.width), refresh=True)
        await anyio.sleep(interval_seconds)


def _fitting(console: Console, window_seconds: float) -> SnapshotLimits:
    """Return how much fits on a screen: a third is for the slots, and the rest for what runs and what has ended."""
    rows = max(10, console.height - 12)
    return SnapshotLimits(window_seconds, slots=max(2, rows // 3), active=max(2, rows // 4), recent=max(3, rows // 3))


def render(snapshot: LabSnapshot, now: float, width: int) -> RenderableType:
    """Return a snapshot for a console of some width. Times go on since it was taken.

    Args:
        snapshot: The lab.
        now: The Unix time.
        width: In columns.
    """
    parts: list[RenderableType] = [*_head(snapshot, now), Text()]
    parts += [*_slots(snapshot, now, width), Text()]
    if snapshot.active:
        parts.append(_active_table(snapshot, now))
    if snapshot.recent:
        common = snapshot.common.model_dump() if snapshot.common else {}
        shared: dict[str, object] = {name: common[name] for name in ("reference", "noise") if name in common}
        parts.append(results_table(f"ended last, by {snapshot.metric} ({snapshot.direction})", snapshot.recent, shared))
    parts += [Text(f"! {line}", "bold yellow") for line in snapshot.attention]
    return Group(*parts)


def _head(snapshot: LabSnapshot, now: float) -> Iterator[Text]:
    line, allowance = snapshot.lab, snapshot.allowance
    yield Text(snapshot.goal, "bold")
    clock = time.strftime("%H:%M:%S", time.localtime(now))
    yield Text(f"{clock}  champion {line.champion}  {line.running} running, {line.queued} queued, {line.idle_gpus} idle slots")
    spent = f"{allowance.experiments} experiments, {allowance.gpu_hours:g} GPU-hours"
    money = f", ${allowance.usd:.2f}" if allowance.usd else ""
    rate = f"; clusters cost ${snapshot.usd_per_hour:.2f} an hour" if snapshot.usd_per_hour else ""
    yield Text(f"spent and reserved: {spent}{money}{rate}; left: {allowance.left}")
    if allowance.idle_gpu_hours:
        dollars = f", ${allowance.idle_usd:.2f}" if allowance.idle_usd else ""
        yield Text(f"of it, clusters were idle for {allowance.idle_gpu_hours:g} GPU-hours{dollars}", "yellow")


def _slots(snapshot: LabSnapshot, now: float, width: int) -> Iterator[Text]:
    columns = max(MIN_BAR_COLUMNS, width - LABEL_COLUMNS - IDLE_COLUMNS)
    start = min((span.began for bar in snapshot.slots for span in bar.spans), default=snapshot.at)
    start = max(start, snapshot.at - snapshot.window_seconds)
    pools = {pool.pool: pool for pool in snapshot.pools}
    for name, bars in groupby(snapshot.slots, key=lambda bar: bar.pool):
        if pool := pools.get(name):
            note = f": {pool.note}" if pool.note else ""
            yield Text(
                f"{name}: {pool.gpu}, {pool.running} running, {pool.free} free of {pool.total}, {pool.queued} queued{note}"
            )
        for bar in bars:
            yield _slot_line(bar, start, now, columns, since=now - snapshot.at)
    if snapshot.slots_left_out:
        yield Text(f"and {snapshot.slots_left_out} more slots", "dim")
    legend = "  ".join(f"{CELLS[state][0]} {word}" for state, word in WORDS.items())
    yield Text(f"{legend}   the last {duration(now - start)}", "dim")


def _slot_line(bar: SlotBar, start: float, now: float, columns: int, since: float) -> Text:
    line = Text(f"  {bar.slot:>3}".ljust(LABEL_COLUMNS)[: LABEL_COLUMNS - 1] + " ")
    for state, cells in groupby(slot_states(bar, start, now, columns)):
        character, style = CELLS[state]
        line.append(character * len(list(cells)), style)
    idle = "" if bar.idle_seconds is None else f" idle {duration(bar.idle_seconds + since)}"
    return line.append(f" {100 * bar.idle_share:3.0f} %{idle}", "yellow" if bar.idle_seconds is not None else "")


def slot_states(bar: SlotBar, start: float, end: float, columns: int) -> list[str]:
    """Return what a slot did in each of so many equal parts of the time from `start` to `end`: a key of `CELLS`.

    A part in which it did several things shows the one that took longest.
    """
    width = (end - start) / columns
    if width <= 0:
        return ["idle"] * columns
    return [_longest(bar, start + place * width, start + (place + 1) * width) for place in range(columns)]


def _longest(bar: SlotBar, begin: float, end: float) -> str:
    seconds: dict[str, float] = {}
    for span in bar.spans:
        overlap = min(end if span.ended is None else span.ended, end) - max(span.began, begin)
        if overlap > 0:
            seconds[span.state] = seconds.get(span.state, 0.0) + overlap
    idle = end - begin - sum(seconds.values())
    return max({**seconds, "idle": idle}.items(), key=lambda item: item[1])[0]


def _active_table(snapshot: LabSnapshot, now: float) -> Table:
    more = f"and {snapshot.active_left_out} more" if snapshot.active_left_out else None
    table = Table("id", "status", "pool", "time", "of budget", "by", "changes", title="running", caption=more)
    for run in snapshot.active:
        seconds = run.seconds + now - snapshot.at
        share = min(1.0, seconds / run.budget_seconds) if run.budget_seconds else 0.0
        cells = (run.id, run.status, run.pool, duration(seconds), _progress_bar(share), run.by, run.changes)
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _progress_bar(share: float, columns: int = 10) -> str:
    full = round(share * columns)
    return "█" * full + "░" * (columns - full)
