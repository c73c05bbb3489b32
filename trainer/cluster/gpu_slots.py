"""The GPU slots of a host, each with its share of the processor cores."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MIN_CORES_PER_GPU = 2
"""With fewer, runs aren't pinned."""


@dataclass(frozen=True, slots=True)
class GpuSlot:
    """One GPU.

    Attributes:
        index: As `CUDA_VISIBLE_DEVICES` names it.
        cores: Processors that belong to it; empty for no pinning.
        gate: A file that keeps runs on it apart while they train; None where runs don't overlap.
    """

    index: str
    cores: tuple[int, ...] = ()
    gate: str | None = None


def slots(gpus: int, gates: Path | None = None) -> list[GpuSlot]:
    """The GPUs of this process, in the order in which they are named.

    Args:
        gpus: How many there are, if `CUDA_VISIBLE_DEVICES` doesn't name them.
        gates: The folder of their gates; None for no gates.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    indices = [name.strip() for name in visible.split(",") if name.strip()] or [str(index) for index in range(gpus)]
    cores = sorted(os.sched_getaffinity(0))
    share = len(cores) // len(indices) if len(cores) >= MIN_CORES_PER_GPU * len(indices) else 0
    return [
        GpuSlot(
            index, tuple(cores[place * share : (place + 1) * share]), None if gates is None else str(gates / f"gate-{index}")
        )
        for place, index in enumerate(indices)
    ]
