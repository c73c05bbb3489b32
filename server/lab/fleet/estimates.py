"""What a launch will cost and when it will be done, before it runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...schemas.launch import Estimate
from ...source.trainer_folder import Trainer
from ...store.database import Reader
from ...store.experiments import workload
from .launch_stratum import LaunchStratum

OVERHEAD_SHARE = 0.1
"""Assumed share of a trainer's time limits for start and evaluation that it really takes, until the lab has measured it."""


async def gpu_seconds_each(reader: Reader, setting: LaunchStratum, trainer: Trainer) -> float:
    """Return the GPU-seconds of one experiment: the mean of earlier ones in this stratum, or else an assumption."""
    measured = await workload.mean_gpu_seconds(reader, setting.name)
    if measured is not None:
        return measured
    return setting.budget_seconds + OVERHEAD_SHARE * (trainer.startup_seconds + trainer.evaluation_seconds)


def usd(gpu_seconds: float, setting: LaunchStratum) -> float:
    """Return the price of so many GPU-seconds, in US dollars."""
    return gpu_seconds / 3600 * setting.usd_per_slot_hour


def estimate(setting: LaunchStratum, each: float, count: int, ahead: workload.QueueAhead) -> Estimate:
    """Return the cost and the times of `count` experiments of `each` GPU-seconds, behind the pending ones.

    They start when a slot is free: when the pending experiments have been distributed over the slots, and a cluster has
    started where none is up. They run in waves; a wave has as many experiments as there are slots.
    """
    if count == 0:
        return Estimate(gpu_seconds=0.0)
    starts_in = ahead.gpu_seconds / setting.slots if ahead.experiments >= setting.slots else 0.0
    starts_in = max(starts_in, setting.cold_seconds)
    waves = math.ceil(count / setting.slots)
    total = each * count
    return Estimate(
        gpu_seconds=round(total, 1),
        usd=round(usd(total, setting), 4) or None,
        starts_in_seconds=round(starts_in, 1),
        done_in_seconds=round(starts_in + waves * each, 1),
    )


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
