"""What there is to run on: pools, how busy they are, how fast they were."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import median

from ..answers import GpuList, Gpus
from ..domain import Pool
from ..store import champions, progress, runs, summary
from .lab import Lab
from .setting import choose_setting
from .standing import lab_line


async def list_gpus(lab: Lab) -> GpuList:
    """The pools, in the order of the settings. What is told of them is as old as it says."""
    pools = await lab.pools()
    running = Counter(attempt.run.pool for attempt in await runs.active(lab.db))
    queued = await progress.queued_by_gpu(lab.db)
    speeds = await _relative_speeds(lab, pools)
    usual = await choose_setting(lab, None, None, None)
    now = time.time()
    return GpuList(
        pools=[
            Gpus(
                pool=pool.name,
                gpu=pool.gpu,
                total=pool.slots,
                free=0 if pool.note else max(0, pool.slots - running[pool.name]),
                running=running[pool.name],
                queued=queued.get(pool.gpu, 0),
                usd_per_hour=pool.usd_per_hour or None,
                relative_speed=speeds.get(pool.gpu),
                note=pool.note,
                as_of_seconds_ago=round(max(0.0, now - pool.as_of)) or None,
            )
            for pool in pools
        ],
        budget_seconds=usual.budget_seconds,
        clock=usual.clock,
        lab=await lab_line(lab),
    )


async def _relative_speeds(lab: Lab, pools: Sequence[Pool]) -> Mapping[str, float]:
    """Tokens a second of the baseline on each kind, over the slowest kind; nothing where there is but one."""
    first = await champions.baseline(lab.db)
    by_kind: defaultdict[str, list[float]] = defaultdict(list)
    for throughput in await summary.throughputs(lab.db, first.tree if first else ""):
        by_kind[throughput.gpu].append(throughput.tokens_per_second)
    here = {gpu: median(measured) for gpu, measured in by_kind.items() if gpu in {pool.gpu for pool in pools}}
    if len(here) < 2:
        return {}
    slowest = min(here.values())
    return {gpu: round(speed / slowest, 2) for gpu, speed in here.items()}
