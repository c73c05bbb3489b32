"""The GPUs that a host has to give away, each with its share of the processor cores."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FEWEST_CORES = 2
"""For each GPU; where there are fewer, runs aren't pinned."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One GPU.

    Attributes:
        index: As `CUDA_VISIBLE_DEVICES` names it.
        cores: Processors that go with it; empty for no pinning.
    """

    index: str
    cores: tuple[int, ...] = ()

    def as_spec(self) -> Mapping[str, Any]:
        """What it adds to a run's `spec.json`."""
        return {"device": "cuda", "gpu": self.index, "cores": list(self.cores)}


def slots(gpus: int) -> list[Slot]:
    """The GPUs of this process, in the order of their names.

    Args:
        gpus: How many there are, where the environment doesn't name them.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    indices = [name.strip() for name in visible.split(",") if name.strip()] or [str(index) for index in range(gpus)]
    cores = sorted(os.sched_getaffinity(0))
    share = len(cores) // len(indices)
    if share < FEWEST_CORES:
        return [Slot(index) for index in indices]
    return [Slot(index, tuple(cores[place * share : (place + 1) * share])) for place, index in enumerate(indices)]
