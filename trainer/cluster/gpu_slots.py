"""The GPUs that a host has to give away, each with its share of the processor cores."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

FEWEST_CORES = 2
"""For each GPU; where there are fewer, runs aren't pinned."""


@dataclass(frozen=True, slots=True)
class GpuSlot:
    """One GPU.

    Attributes:
        index: As `CUDA_VISIBLE_DEVICES` names it.
        cores: Processors that go with it; empty for no pinning.
        gate: A file that keeps runs on it apart while they train; None where runs don't overlap.
    """

    index: str
    cores: tuple[int, ...] = ()
    gate: str | None = None


def slots(gpus: int, gates: Path | None = None) -> list[GpuSlot]:
    """The GPUs of this process, in the order of their names.

    Args:
        gpus: How many there are, where the environment doesn't name them.
        gates: Where their gates are to lie; None for none.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    indices = [name.strip() for name in visible.split(",") if name.strip()] or [str(index) for index in range(gpus)]
    cores = sorted(os.sched_getaffinity(0))
    share = len(cores) // len(indices) if len(cores) >= FEWEST_CORES * len(indices) else 0
    return [
        GpuSlot(
            index, tuple(cores[place * share : (place + 1) * share]), None if gates is None else str(gates / f"gate-{index}")
        )
        for place, index in enumerate(indices)
    ]
