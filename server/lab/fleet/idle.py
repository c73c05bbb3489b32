"""GPU time that clusters held, and money that they cost, while no run used them."""

from __future__ import annotations

import time

from pydantic import JsonValue

from ...store.money import spending
from ...store.money.spending import Idle
from ..lab import Lab
from ..results.experiment_rows import significant


async def idle_time(lab: Lab) -> Idle:
    """Return the idle GPU time of all clusters of the lab up to now, and what it cost."""
    return await spending.idle(lab.db, time.time())


def idle_figures(idle: Idle) -> dict[str, JsonValue]:
    """Return idle GPU-hours and dollars by name, to three significant digits. Figures that are 0 are left out."""
    figures = {"idle_gpu_hours": idle.gpu_seconds / 3600, "idle_usd": idle.usd}
    return {name: significant(value, 3) for name, value in figures.items() if value > 0}
