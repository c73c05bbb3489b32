"""What needs someone to look: stuck runs, storms, pools that can't be used, idle GPUs, work without a dispatcher."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..domain import ACTIVE, Pool, Run, Status, experiment_id, id_ranges
from ..settings import LOG
from ..store import launches, pairs, progress, queue, runs
from ..store.progress import Hold
from .lab import Lab
from .quoting import cut
from .waking import dispatcher_lives

SILENT_SECONDS = 60.0
"""The least silence that is worth a word; more where the trainer may take longer to start or to be evaluated."""
DISPATCHER = "dispatcher"
"""The key of: there is work and no dispatcher."""
LONGEST_REASON = 600
"""Characters of what a failure or a backend says."""
MOST_RANGES = 20
"""Of ids, in one line."""


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing to look at.

    Attributes:
        key: Tells it from others, and that it is the same one as before.
        line: What it is and what to do, for the caller.
        about: Experiments; none where it concerns everyone.
        wakes: It is worth ending a wait for.
    """

    key: str
    line: str
    about: Sequence[int] = ()
    wakes: bool = True


async def look(lab: Lab) -> list[Attention]:
    """What needs attention now, the most pressing first."""
    pending = await launches.pending(lab.db)
    pools = await lab.pools()
    queued = await progress.queued_by_gpu(lab.db)
    now = time.time()
    ends = lab.allowance().ends
    over = ends is not None and now >= ends
    moves = any(status in ACTIVE for status in pending)
    moves = moves or (not over and await queue.startable(lab.db, [pool.gpu for pool in pools]))
    moves = moves or await pairs.need_a_look(lab.db)
    found: list[Attention] = []
    if moves and not dispatcher_lives(lab.folder):
        found += _dispatcher(lab)
    else:  # without one, no news of any run comes in
        found += _stuck([attempt.run for attempt in await runs.active(lab.db)], now, _longest_silence(lab))
    if over:
        found += _over(pending)
    found += _storms(await progress.holds(lab.db))
    found += _unusable(pools, queued)
    found += _idle(pools, pending)
    return found


def _dispatcher(lab: Lab) -> Iterator[Attention]:
    yield Attention(
        DISPATCHER, f"no dispatcher runs, so nothing starts or finishes; if that stays so, {lab.folder / LOG} says why"
    )


def _over(pending: Mapping[Status, int]) -> Iterator[Attention]:
    if queued := pending.get(Status.QUEUED):
        yield Attention("over", f"the time that the person allowed is over: {queued} queued won't start")


def _stuck(runs: Sequence[Run], now: float, limit: float) -> Iterator[Attention]:
    for run in runs:
        silence = now - run.heartbeat_at
        if silence > limit:
            name = experiment_id(run.experiment)
            told = f"{run.id} ({run.status} on {run.pool}) has been silent for {silence:.0f} s"
            yield Attention(f"stuck:{run.id}", f'{told}: get_logs(id="{name}"), or cancel(ids=["{name}"])', [run.experiment])


def _storms(holds: Sequence[Hold]) -> Iterator[Attention]:
    for hold in holds:
        held = ", ".join(id_ranges(hold.experiments)[:MOST_RANGES])
        yield Attention(
            f"storm:{hold.number}",
            f"held because of {hold.failure}: {held}. {cut(hold.reason, LONGEST_REASON)}",
            hold.experiments,
        )


def _unusable(pools: Sequence[Pool], queued: Mapping[str, int]) -> Iterator[Attention]:
    for pool in pools:
        if pool.note and queued.get(pool.gpu):
            told = f"{queued[pool.gpu]} queued for {pool.gpu}, but the pool {pool.name} can't be used"
            yield Attention(f"pool:{pool.name}", f"{told}: {cut(pool.note, LONGEST_REASON)}")


def _idle(pools: Sequence[Pool], pending: Mapping[Status, int]) -> Iterator[Attention]:
    slots = sum(pool.slots for pool in pools if not pool.note)
    running = sum(count for status, count in pending.items() if status in ACTIVE)
    if running and running < slots and not pending.get(Status.QUEUED):
        yield Attention("idle", f"{slots - running} of {slots} GPUs are idle and nothing is queued", wakes=False)


def _longest_silence(lab: Lab) -> float:
    return max(SILENT_SECONDS, lab.trainer.startup_seconds, lab.trainer.evaluation_seconds)
