"""What needs someone to look: stuck runs, storms, pools that can't be used, idle GPUs, work without a dispatcher."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..domain import ACTIVE, Pool, Run, Status, experiment_id, id_ranges
from ..store import launches, progress, queue
from ..store.queue import Hold
from .lab import Lab
from .waking import LOG, dispatcher_lives

SILENT_SECONDS = 60.0
"""The least silence that is worth a word; more where the trainer may take longer to start or to be evaluated."""
DISPATCHER = "dispatcher"
"""The key of: there is work and no dispatcher."""
MOST_RANGES = 20
"""Of ids, in one line."""


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing to look at.

    Attributes:
        key: Tells it from others, and that it is the same one as before.
        line: What it is and what to do, for the caller.
        wakes: It is worth ending a wait for.
    """

    key: str
    line: str
    wakes: bool = True


async def look(lab: Lab) -> list[Attention]:
    """What needs attention now, the most pressing first."""
    pending = await launches.pending(lab.db)
    runs = await progress.active_runs(lab.db)
    pools = await lab.pools()
    queued = await progress.queued_by_gpu(lab.db)
    moving = any(status in ACTIVE for status in pending) or await queue.startable(lab.db, [pool.gpu for pool in pools])
    alive = not moving or dispatcher_lives(lab.folder)
    found = [*_dispatcher(lab, alive=alive)]
    if alive:  # else no news of any run comes in
        found += _stuck(runs, time.time(), _longest_silence(lab))
    found += _storms(await queue.holds(lab.db))
    found += _unusable(pools, queued)
    found += _idle(pools, pending)
    return found


def _dispatcher(lab: Lab, *, alive: bool) -> Iterator[Attention]:
    if not alive:
        yield Attention(
            DISPATCHER, f"no dispatcher runs, so nothing starts or finishes; if that stays so, {lab.folder / LOG} says why"
        )


def _stuck(runs: Sequence[Run], now: float, limit: float) -> Iterator[Attention]:
    for run in runs:
        silence = now - run.heartbeat_at
        if silence > limit:
            name = experiment_id(run.experiment)
            told = f"{run.id} ({run.status} on {run.pool}) has been silent for {silence:.0f} s"
            yield Attention(f"stuck:{run.id}", f'{told}: get_logs(id="{name}"), or cancel(ids=["{name}"])')


def _storms(holds: Sequence[Hold]) -> Iterator[Attention]:
    for hold in holds:
        held = ", ".join(id_ranges(hold.experiments)[:MOST_RANGES])
        yield Attention(f"storm:{hold.since:.0f}", f"held because of {hold.failure}: {held}. {hold.reason}")


def _unusable(pools: Sequence[Pool], queued: Mapping[str, int]) -> Iterator[Attention]:
    for pool in pools:
        if pool.note and queued.get(pool.gpu):
            told = f"{queued[pool.gpu]} queued for {pool.gpu}, but the pool {pool.name} can't be used: {pool.note}"
            yield Attention(f"pool:{pool.name}", told)


def _idle(pools: Sequence[Pool], pending: Mapping[Status, int]) -> Iterator[Attention]:
    slots = sum(pool.slots for pool in pools if not pool.note)
    running = sum(count for status, count in pending.items() if status in ACTIVE)
    if running and running < slots and not pending.get(Status.QUEUED):
        yield Attention("idle", f"{slots - running} of {slots} GPUs are idle and nothing is queued", wakes=False)


def _longest_silence(lab: Lab) -> float:
    return max(SILENT_SECONDS, lab.trainer.startup_seconds, lab.trainer.evaluation_seconds)
