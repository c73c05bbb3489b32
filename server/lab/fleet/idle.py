"""GPU time that clusters held, and money that they cost, while no run used them."""

from __future__ import annotations

import time

from ...store.money import spending
from ...store.money.spending import Idle
from ..lab import Lab
from ..results.experiment_rows import significant

DIGITS = 3
"""Significant digits of the figures."""


async def idle_time(lab: Lab) -> Idle:
    """Return the idle GPU time of all clusters of the lab up to now, and what it cost."""
    return await spending.idle(lab.db, time.time())


def idle_gpu_hours(idle: Idle) -> float | None:
    """Return idle GPU-hours, rounded; None if there are none."""
    return significant(idle.gpu_seconds / 3600, DIGITS) if idle.gpu_seconds > 0 else None


def idle_usd(idle: Idle) -> float | None:
    """Return the dollars that idle time cost, rounded; None if it cost none."""
    return significant(idle.usd, DIGITS) if idle.usd > 0 else None
