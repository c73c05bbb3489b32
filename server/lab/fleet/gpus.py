"""`list_gpus`: the pools, their load, their measured speed, and the cost of their clusters."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from ...domain import Pool
from ...schemas.fleet import GpuList, Gpus, PoolClusters
from ...store.comparison import champions
from ...store.experiments import stats
from ...store.money import clusters, spending
from ...store.money.clusters import DesiredClusters
from ...store.money.spending import Bill
from ...store.running import queue, runs
from ..lab import Lab
from ..results.experiment_rows import significant
from ..status_line import lab_line
from .launch_stratum import choose_launch_stratum

DIGITS = 3
"""Significant digits of the GPU-hours and the cost of idle clusters."""
PRICE_UNKNOWN = "the price isn't known yet: the dispatcher is asking SkyPilot; if that fails, the dispatcher's log says why"


@dataclass(frozen=True, slots=True)
class ClusterState:
    """The state of the lab's clusters, by pool: how many are up, the requested numbers, and the costs."""

    up: Mapping[str, int]
    desired: Mapping[str, DesiredClusters]
    bills: Mapping[str, Bill]


async def list_gpus(lab: Lab) -> GpuList:
    """Return the pools, in the order of the settings. `as_of_seconds_ago` is the age of what is reported of a pool."""
    running = Counter(attempt.run.pool for attempt in await runs.active(lab.db))
    queued = await queue.queued_by_gpu(lab.db)
    speeds = await relative_speeds(lab)
    usual = await choose_launch_stratum(lab, None, None, None, needs_slots=False)
    now = time.time()
    state = await _cluster_state(lab, now)
    pools = await lab.pools()
    if not all(pool.is_priced for pool in pools):
        lab.wake_dispatcher()
    return GpuList(
        pools=[
            Gpus(
                pool=pool.name,
                gpu=pool.gpu,
                total=pool.slots,
                free=0 if pool.note else max(0, pool.slots - pool.taken - running[pool.name]),
                running=running[pool.name],
                taken=pool.taken or None,
                queued=queued.get(pool.gpu, 0),
                usd_per_slot_hour=pool.usd_per_slot_hour or None,
                relative_speed=speeds.get(pool.gpu),
                note=pool.note or ("" if pool.as_of else PRICE_UNKNOWN),
                as_of_seconds_ago=round(max(0.0, now - pool.as_of)) or None if pool.as_of else None,
                clusters_up=launched.clusters_up,
                clusters_most=launched.clusters_most,
                clusters_wished=launched.clusters_wished,
                volatile=launched.volatile,
                idle_gpu_hours=launched.idle_gpu_hours,
                idle_usd=launched.idle_usd,
            )
            for pool in pools
            for launched in [_pool_clusters(lab, pool, state)]
        ],
        budget_seconds=usual.budget_seconds,
        clock=usual.clock,
        lab=await lab_line(lab),
    )


async def _cluster_state(lab: Lab, now: float) -> ClusterState:
    held = await clusters.held_clusters(lab.db, now, ended=False)
    up = Counter(row.cluster.pool for row in held if row.cluster.status == "up")
    return ClusterState(up, await clusters.desired(lab.db), await spending.bills(lab.db, now))


def _pool_clusters(lab: Lab, pool: Pool, state: ClusterState) -> PoolClusters:
    """Return the clusters of a pool; empty if it launches none."""
    limits = lab.settings.pools[pool.name].clusters
    if limits is None:
        return PoolClusters()
    desired, bill = state.desired.get(pool.name), state.bills.get(pool.name)
    return PoolClusters(
        clusters_up=state.up.get(pool.name, 0),
        clusters_most=limits.max_clusters,
        clusters_wished=desired.clusters if desired else None,
        volatile=True if limits.is_volatile else None,
        idle_gpu_hours=significant(bill.idle.gpu_seconds / 3600, DIGITS) or None if bill else None,
        idle_usd=significant(bill.idle.usd, DIGITS) or None if bill else None,
    )


async def relative_speeds(lab: Lab) -> Mapping[str, float]:
    """Return the baseline's tokens per second on each kind, divided by those of the slowest kind; empty for fewer than two."""
    kinds = {pool.gpu for pool in await lab.pools()}
    first = await champions.baseline(lab.db)
    by_kind: defaultdict[str, list[float]] = defaultdict(list)
    for throughput in await stats.throughputs(lab.db, first.tree if first else ""):
        by_kind[throughput.gpu].append(throughput.tokens_per_second)
    medians = {gpu: median(measured) for gpu, measured in by_kind.items() if gpu in kinds}
    if len(medians) < 2:
        return {}
    slowest = min(medians.values())
    return {gpu: round(speed / slowest, 2) for gpu, speed in medians.items()}
