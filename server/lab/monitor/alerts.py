"""What needs someone to look: stuck runs, storms, pools that can't be used, idle GPUs, money, work without a dispatcher."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...domain import ACTIVE, Pool, Run, RunStatus, Status
from ...ids import experiment_id, id_ranges
from ...settings import LOG
from ...store.comparison import validation_pairs
from ...store.experiments import workload
from ...store.money import clusters, spending
from ...store.money.clusters import DesiredClusters, HeldClusterRow
from ...store.running import queue, runs
from ...store.running.holds import Hold, active_holds
from ..dispatcher_process import dispatcher_lives
from ..lab import Lab
from ..results.experiment_rows import FEW_WORDS
from ..sanitize import cut

SILENT_SECONDS = 60.0
"""The least silence that is worth a word; more where the trainer may take longer to start or to be evaluated."""
WAITING_SECONDS = 1800.0
"""The same of a run that waits for a cluster to come up, or for a GPU of one that is busy."""
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


@dataclass(frozen=True, slots=True)
class _Hire:
    """How things stand with machines that are hired.

    Attributes:
        used_up: What of the allowance is spent; empty for nothing.
    """

    held: Sequence[HeldClusterRow]
    wishes: Mapping[str, DesiredClusters]
    used_up: str

    def may_start(self, pool: Pool) -> bool:
        """Whether the dispatcher starts runs on a pool."""
        return not self.used_up and not self.is_given_up(pool)

    def is_given_up(self, pool: Pool) -> bool:
        """Whether a pool is to hold no clusters."""
        return pool.most_clusters > 0 and pool.name in self.wishes and self.wishes[pool.name].clusters == 0

    @property
    def moves(self) -> bool:
        """Whether a dispatcher has something to do."""
        return bool(self.held) or any(wish.clusters for wish in self.wishes.values())


async def scan(lab: Lab) -> list[Attention]:
    """What needs attention now, the most pressing first."""
    pending = await workload.count_pending(lab.db)
    pools = await lab.pools()
    queued = await queue.queued_by_gpu(lab.db)
    now = time.time()
    allowance = lab.allowance()
    over = allowance.ends is not None and now >= allowance.ends
    hire = _Hire(
        await clusters.held_clusters(lab.db, now, ended=False),
        await clusters.desired(lab.db),
        await spending.used_up(lab.db, allowance, now),
    )
    found: list[Attention] = []
    if await _moves(lab, pools, pending, hire, over=over) and not dispatcher_lives(lab.folder):
        found += _dispatcher(lab)
    else:  # without one, no news of any run comes in
        found += _stuck([attempt.run for attempt in await runs.active(lab.db)], pools, now, _longest_silence(lab))
    if over:
        found += _over(pending)
    found += _used_up(hire, pending)
    found += _storms(await active_holds(lab.db))
    found += _unusable(pools, queued)
    found += _given_up(pools, queued, hire)
    found += _broken(pools, hire)
    found += _idle(pools, pending)
    found += _idle_clusters(pools, pending, hire)
    return found


async def _moves(lab: Lab, pools: Sequence[Pool], pending: Mapping[Status, int], hire: _Hire, *, over: bool) -> bool:
    """Whether there is anything for a dispatcher to do."""
    kinds = [] if over else [pool.gpu for pool in pools if hire.may_start(pool)]
    return (
        any(status in ACTIVE for status in pending)
        or hire.moves
        or await queue.startable(lab.db, kinds)
        or await validation_pairs.need_a_look(lab.db)
    )


def _dispatcher(lab: Lab) -> Iterator[Attention]:
    yield Attention(
        DISPATCHER, f"no dispatcher runs, so nothing starts or finishes; if that stays so, {lab.folder / LOG} says why"
    )


def _over(pending: Mapping[Status, int]) -> Iterator[Attention]:
    if queued := pending.get(Status.QUEUED):
        yield Attention("over", f"the time that the person allowed is over: {queued} queued won't start")


def _stuck(runs: Sequence[Run], pools: Sequence[Pool], now: float, limit: float) -> Iterator[Attention]:
    hired = {pool.name for pool in pools if pool.most_clusters}
    for run in runs:
        silence = now - run.heartbeat_at
        waits = run.status is RunStatus.STARTING and run.pool in hired
        if silence > (WAITING_SECONDS if waits else limit):
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


def _used_up(hire: _Hire, pending: Mapping[Status, int]) -> Iterator[Attention]:
    if hire.used_up:
        told = f"the {hire.used_up} that the person allowed are used up"
        queued = f": {pending[Status.QUEUED]} queued won't start" if pending.get(Status.QUEUED) else ""
        given_up = f"; {len(hire.held)} clusters are given up as soon as nothing runs on them" if hire.held else ""
        yield Attention("used up", f"{told}{queued}{given_up}")


def _given_up(pools: Sequence[Pool], queued: Mapping[str, int], hire: _Hire) -> Iterator[Attention]:
    for pool in pools:
        if not hire.is_given_up(pool) or not queued.get(pool.gpu):
            continue
        wish = hire.wishes[pool.name]
        by = cut(wish.by, FEW_WORDS)
        told = f"{queued[pool.gpu]} queued for {pool.gpu}, and the pool {pool.name} is to hold no clusters"
        if wish.by_person:
            yield Attention(f"given up:{pool.name}", f"{told}: the person ({by}) gave them up, and lets them up: labhand up")
        else:
            yield Attention(f"given up:{pool.name}", f'{told} ({by} said so): scale_pool(pool="{pool.name}", clusters=null)')


def _broken(pools: Sequence[Pool], hire: _Hire) -> Iterator[Attention]:
    """Clusters that can't be used, or that nobody looks after, and may cost money all the same."""
    known = {pool.name for pool in pools if pool.most_clusters}
    for one in hire.held:
        cluster = one.cluster
        if cluster.pool not in known:
            told = f"labhand.toml names its pool {cluster.pool} no more, so that nobody knows whether it is gone"
            yield Attention(f"cluster:{cluster.name}", f"{cluster.name} may still be up: {told}. Ask the person: sky down")
        elif cluster.status == "failed":
            told = f"{cluster.name} of {cluster.pool} can't be used: {cut(cluster.note, LONGEST_REASON)}"
            yield Attention(f"cluster:{cluster.name}", told)


def _idle(pools: Sequence[Pool], pending: Mapping[Status, int]) -> Iterator[Attention]:
    slots = sum(pool.slots for pool in pools if not pool.note and not pool.most_clusters)
    running = sum(count for status, count in pending.items() if status in ACTIVE)
    if running and running < slots and not pending.get(Status.QUEUED):
        yield Attention("idle", f"{slots - running} of {slots} GPUs are idle and nothing is queued", wakes=False)


def _idle_clusters(pools: Sequence[Pool], pending: Mapping[Status, int], hire: _Hire) -> Iterator[Attention]:
    """GPUs that are paid for and have nothing to do."""
    if pending.get(Status.QUEUED):
        return
    up = [one.cluster for one in hire.held if one.cluster.status == "up"]
    gpus = sum(cluster.gpus for cluster in up)
    own = sum(pool.slots for pool in pools if not pool.most_clusters)
    running = sum(count for status, count in pending.items() if status in ACTIVE)
    idle = gpus - max(0, running - own)
    if idle > 0:
        price = sum(cluster.usd_per_hour for cluster in up) / gpus
        costs = f" for ${idle * price:.2f} an hour" if price else ""
        yield Attention("idle clusters", f"{idle} of {gpus} hired GPUs are idle{costs} and nothing is queued", wakes=False)


def _longest_silence(lab: Lab) -> float:
    return max(SILENT_SECONDS, lab.trainer.startup_seconds, lab.trainer.evaluation_seconds)
