"""How much of the GPU time and money produced results."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Phases of one run, in wall seconds, as its GPU was held. CPU seconds of training would be another currency.

    Attributes:
        scored: Whether the run has a score. The time of other runs counts as waste.
    """

    startup: float
    training: float
    evaluation: float
    scored: bool


@dataclass(frozen=True, slots=True)
class Efficiency:
    """Figures of a lab. Shares are None if no GPU was held, costs are None if nothing was confirmed.

    Attributes:
        useful_share: Training time of scored runs, divided by the time for which GPUs were held.
        scheduling: Training time of all runs, divided by the held time minus start-up and evaluation. The rest is lost by the
            lab itself, through gaps between runs and idle GPUs.
        speed_up: Compared with one GPU that does the same runs one after the other. None if the wall time isn't known.
    """

    gpu_hours: float
    usd: float
    useful_share: float | None
    scheduling: float | None
    speed_up: float | None
    gpu_hours_per_confirmed: float | None
    usd_per_confirmed: float | None


def efficiency(
    runs: Iterable[Usage], held_seconds: float, wall_seconds: float | None, usd: float, confirmed: int
) -> Efficiency:
    """Returns the figures of a lab, or of a part of it.

    Args:
        runs: Every run, including failed ones.
        held_seconds: GPU-seconds for which GPUs were held, including idle time.
        wall_seconds: Time from the first start to the last end; None if the runs took simulated time.
        usd: Total cost.
        confirmed: Number of improvements that validations confirmed.
    """
    useful: list[float] = []
    training: list[float] = []
    other_phases: list[float] = []
    for run in runs:
        useful.append(run.training if run.scored else 0.0)
        training.append(run.training)
        other_phases.append(run.startup + run.evaluation)
    trained, other = math.fsum(training), math.fsum(other_phases)
    hours = held_seconds / 3600
    return Efficiency(
        gpu_hours=hours,
        usd=usd,
        useful_share=_ratio(math.fsum(useful), held_seconds),
        scheduling=_ratio(trained, held_seconds - other),
        speed_up=None if wall_seconds is None else _ratio(trained + other, wall_seconds),
        gpu_hours_per_confirmed=_ratio(hours, confirmed),
        usd_per_confirmed=_ratio(usd, confirmed),
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
