"""What there is to run on: pools, how busy they are, how fast they were, and what their clusters cost."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from ...domain import Pool
from ...schemas.fleet import GpuList, Gpus
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
"""Significant digits of what idle clusters held and cost."""
UNASKED = "what it costs isn't known yet: the dispatcher is asking SkyPilot, and its log says when it can't tell"


@dataclass(frozen=True, slots=True)
class Hire:
    """What the lab's pools hold of machines that are hired."""

    up: Mapping[str, int]
    wishes: Mapping[str, DesiredClusters]
    bills: Mapping[str, Bill]


@dataclass(frozen=True, slots=True)
class HiredClusters:
    """The clusters of one pool that hires machines, as `schemas.fleet.Gpus` describes them; None for other pools."""

    clusters_up: int | None = None
    clusters_most: int | None = None
    clusters_wished: int | None = None
    volatile: bool | None = None
    idle_gpu_hours: float | None = None
    idle_usd: float | None = None


async def list_gpus(lab: Lab) -> GpuList:
    """The pools, in the order of the settings. What is told of them is as old as it says."""
    running = Counter(attempt.run.pool for attempt in await runs.active(lab.db))
    queued = await queue.queued_by_gpu(lab.db)
    speeds = await relative_speeds(lab)
    usual = await choose_launch_stratum(lab, None, None, None, needs_slots=False)
    now = time.time()
    hire = await _hire(lab, now)
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
                usd_per_hour=pool.usd_per_hour or None,
                relative_speed=speeds.get(pool.gpu),
                note=pool.note or ("" if pool.as_of else UNASKED),
                as_of_seconds_ago=round(max(0.0, now - pool.as_of)) or None if pool.as_of else None,
                clusters_up=hired.clusters_up,
                clusters_most=hired.clusters_most,
                clusters_wished=hired.clusters_wished,
                volatile=hired.volatile,
                idle_gpu_hours=hired.idle_gpu_hours,
                idle_usd=hired.idle_usd,
            )
            for pool in pools
            for hired in [_hired(lab, pool, hire)]
        ],
        budget_seconds=usual.budget_seconds,
        clock=usual.clock,
        lab=await lab_line(lab),
    )


async def _hire(lab: Lab, now: float) -> Hire:
    held = await clusters.held_clusters(lab.db, now, ended=False)
    up = Counter(one.cluster.pool for one in held if one.cluster.status == "up")
    return Hire(up, await clusters.desired(lab.db), await spending.bills(lab.db, now))


def _hired(lab: Lab, pool: Pool, hire: Hire) -> HiredClusters:
    """Return the clusters of a pool, where it hires machines."""
    limits = lab.settings.pools[pool.name].clusters
    if limits is None:
        return HiredClusters()
    desired, bill = hire.wishes.get(pool.name), hire.bills.get(pool.name)
    return HiredClusters(
        clusters_up=hire.up.get(pool.name, 0),
        clusters_most=limits.max_clusters,
        clusters_wished=desired.clusters if desired else None,
        volatile=True if limits.is_volatile else None,
        idle_gpu_hours=significant(bill.idle.gpu_seconds / 3600, DIGITS) or None if bill else None,
        idle_usd=significant(bill.idle.usd, DIGITS) or None if bill else None,
    )


async def relative_speeds(lab: Lab) -> Mapping[str, float]:
    """Tokens a second of the baseline on each kind, over the slowest kind; nothing where there is but one."""
    kinds = {pool.gpu for pool in await lab.pools()}
    first = await champions.baseline(lab.db)
    by_kind: defaultdict[str, list[float]] = defaultdict(list)
    for throughput in await stats.throughputs(lab.db, first.tree if first else ""):
        by_kind[throughput.gpu].append(throughput.tokens_per_second)
    here = {gpu: median(measured) for gpu, measured in by_kind.items() if gpu in kinds}
    if len(here) < 2:
        return {}
    slowest = min(here.values())
    return {gpu: round(speed / slowest, 2) for gpu, speed in here.items()}
