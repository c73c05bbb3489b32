"""What GPU time and money bought."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """One run, in seconds of one GPU.

    Attributes:
        scored: It gave a score; what didn't is waste.
    """

    startup: float
    training: float
    evaluation: float
    scored: bool


@dataclass(frozen=True, slots=True)
class Efficiency:
    """Shares are None where no GPU was held, costs where nothing was confirmed.

    Attributes:
        useful_share: Training of scored runs over all that was held.
        scheduling: Training of all runs over what was held less their start-up and evaluation: what the lab itself loses, by
            gaps between runs and idle GPUs.
        speed_up: Over one GPU that does the same runs one after another.
    """

    gpu_hours: float
    usd: float
    useful_share: float | None
    scheduling: float | None
    speed_up: float | None
    gpu_hours_per_confirmed: float | None
    usd_per_confirmed: float | None


def efficiency(runs: Iterable[Usage], held_seconds: float, wall_seconds: float, usd: float, confirmed: int) -> Efficiency:
    """The figures of a lab, or of a part of it.

    Args:
        runs: Every run, failed ones too.
        held_seconds: GPU-seconds that were held, idle ones too: GPUs times the time that each was kept.
        wall_seconds: From the first start to the last end.
        usd: What all that cost.
        confirmed: Improvements that validations confirmed.
    """
    useful: list[float] = []
    training: list[float] = []
    around: list[float] = []
    for run in runs:
        useful.append(run.training if run.scored else 0.0)
        training.append(run.training)
        around.append(run.startup + run.evaluation)
    trained, surrounding = math.fsum(training), math.fsum(around)
    hours = held_seconds / 3600
    return Efficiency(
        gpu_hours=hours,
        usd=usd,
        useful_share=_ratio(math.fsum(useful), held_seconds),
        scheduling=_ratio(trained, held_seconds - surrounding),
        speed_up=_ratio(trained + surrounding, wall_seconds),
        gpu_hours_per_confirmed=_ratio(hours, confirmed),
        usd_per_confirmed=_ratio(usd, confirmed),
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
