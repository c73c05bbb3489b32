"""What a launch will cost and when it will be done, before it runs."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from heapq import heapify, heapreplace

from ...domain import PRIORITIES, Priority
from ...schemas.launch import Estimate
from ...source.trainer_folder import Trainer
from ...store import steering_state
from ...store.database import Reader
from ...store.experiments import workload
from .launch_stratum import LaunchStratum

MAX_SCHEDULED = 10_000
"""Pending experiments that are put on slots one by one; the others are spread evenly."""
OVERHEAD_SHARE = 0.1
"""Assumed share of a trainer's time limits for start and evaluation that it really takes, until the lab has measured it."""


async def gpu_seconds_each(reader: Reader, setting: LaunchStratum, trainer: Trainer) -> float:
    """Return the GPU-seconds of one experiment: the mean of earlier ones in this stratum.

    If none is scored here, it is the budget and what experiments of the nearest other budget needed beyond theirs, so that a
    shorter run isn't priced above a longer one. If there are none either, that part is assumed.
    """
    measured = await workload.mean_gpu_seconds(reader, setting.name)
    if measured is not None:
        return measured
    overhead = await workload.mean_overhead_seconds(reader, setting.name, setting.budget_seconds, setting.gpus_per_slot)
    if overhead is None:
        overhead = OVERHEAD_SHARE * (trainer.startup_seconds + trainer.evaluation_seconds)
    return (setting.budget_seconds + overhead) * setting.gpus_per_slot


def usd(gpu_seconds: float, setting: LaunchStratum) -> float:
    """Return the price of so many GPU-seconds, in US dollars."""
    return gpu_seconds / 3600 * setting.usd_per_slot_hour


async def queue_ahead(reader: Reader, setting: LaunchStratum, priority: Priority = "normal") -> workload.QueueAhead:
    """Return what is in front of experiments that are launched now with a priority."""
    return await workload.queue_ahead(reader, setting.gpu, time.time(), PRIORITIES[priority], setting.gpus_per_slot)


def estimate(setting: LaunchStratum, each: float, count: int, ahead: workload.QueueAhead) -> Estimate:
    """Return the cost and the times of `count` experiments of `each` GPU-seconds, behind the pending ones."""
    return estimate_stages(setting, [(count, each)], ahead)


def estimate_stages(setting: LaunchStratum, stages: Sequence[tuple[int, float]], ahead: workload.QueueAhead) -> Estimate:
    """Return the cost and the times of stages that run one after the other.

    Every experiment starts on the slot that is free first: after the pending ones, and when a cluster has started where none
    is up. A stage begins when the one before has ended.

    Args:
        setting: Its slots and its price.
        stages: For each stage the number of experiments, and the GPU-seconds of each of them.
        ahead: What is pending.
    """
    stages = [(count, each) for count, each in stages if count]
    if not stages:
        return Estimate(gpu_seconds=0.0)
    slots = _free_times(setting, ahead)
    starts_in, done = slots[0], 0.0
    for count, each in stages:
        slots = [max(free, done) for free in slots]
        heapify(slots)
        for _ in range(count):
            done = max(done, slots[0] + each / setting.gpus_per_slot)
            heapreplace(slots, slots[0] + each / setting.gpus_per_slot)
    total = math.fsum(count * each for count, each in stages)
    return Estimate(
        gpu_seconds=round(total, 1),
        usd=round(usd(total, setting), 4) or None,
        starts_in_seconds=round(starts_in, 1),
        done_in_seconds=round(done, 1),
    )


async def without_times_if_paused(reader: Reader, told: Estimate) -> Estimate:
    """Return an estimate as it is told: while the lab is paused, nobody knows when anything starts."""
    if await steering_state.pause(reader) is None:
        return told
    return Estimate(gpu_seconds=told.gpu_seconds, usd=told.usd)


def _free_times(setting: LaunchStratum, ahead: workload.QueueAhead) -> list[float]:
    """Return in how many seconds each slot is free, as a heap: after what runs, and what waits in front."""
    free = [setting.cold_seconds] * max(1, setting.slots)
    for seconds in sorted(ahead.running_seconds):
        heapreplace(free, free[0] + seconds)
    mean = ahead.queued_seconds / ahead.queued / setting.gpus_per_slot if ahead.queued else 0.0
    for _ in range(min(ahead.queued, MAX_SCHEDULED)):
        heapreplace(free, free[0] + mean)
    rest = (ahead.queued - MAX_SCHEDULED) * mean / len(free) if ahead.queued > MAX_SCHEDULED else 0.0
    return [seconds + rest for seconds in free]


def together(parts: Sequence[Estimate]) -> Estimate:
    """Return the estimate of parts that run side by side on several kinds of GPU."""
    starts = [part.starts_in_seconds for part in parts if part.starts_in_seconds is not None]
    done = [part.done_in_seconds for part in parts if part.done_in_seconds is not None]
    return Estimate(
        gpu_seconds=round(sum(part.gpu_seconds for part in parts), 1),
        usd=round(sum(part.usd or 0.0 for part in parts), 4) or None,
        starts_in_seconds=min(starts, default=None),
        done_in_seconds=max(done, default=None),
    )
