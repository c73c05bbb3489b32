"""The GPU slots of a host, each with its share of the processor cores."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MIN_CORES_PER_GPU = 2
"""With fewer, runs aren't pinned."""


@dataclass(frozen=True, slots=True)
class GpuSlot:
    """One GPU, or several that a run takes at once.

    Attributes:
        index: As `CUDA_VISIBLE_DEVICES` names it, or them: `0,1`.
        cores: Processors that belong to it; empty for no pinning.
        gate: A file that keeps runs on it apart while they train; None where runs don't overlap.
    """

    index: str
    cores: tuple[int, ...] = ()
    gate: str | None = None


def slots(gpus: int, gates: Path | None = None, per_run: int = 1) -> list[GpuSlot]:
    """The slots of this process: its GPUs, in the order in which they are named.

    Groups are the same for all runs, so that a run gets all of its GPUs at once, and those that are left over stay idle.

    Args:
        gpus: How many there are, if `CUDA_VISIBLE_DEVICES` doesn't name them.
        gates: The folder of their gates; None for no gates.
        per_run: GPUs of one slot.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    names = [name.strip() for name in visible.split(",") if name.strip()] or [str(index) for index in range(gpus)]
    indices = [",".join(names[place : place + per_run]) for place in range(0, len(names) - per_run + 1, per_run)]
    cores = sorted(os.sched_getaffinity(0))
    share = per_run * (len(cores) // len(names)) if len(cores) >= MIN_CORES_PER_GPU * len(names) else 0
    return [
        GpuSlot(
            index, tuple(cores[place * share : (place + 1) * share]), None if gates is None else str(gates / f"gate-{index}")
        )
        for place, index in enumerate(indices)
    ]
