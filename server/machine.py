"""What this machine has to train on: GPUs by kind, else processor cores."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from ..trainer.contract import nvidia
from .domain import Clock

DRIVER_REMEDY = (
    "Run nvidia-smi and repair the driver (after an update, restart the machine), then restart labhand. Or set"
    " CUDA_VISIBLE_DEVICES to an empty value to train on the processor"
)


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices of one kind that experiments can have to themselves.

    Attributes:
        kind: As `gpu_names.gpu_kind` names it, or `cpu`; `unknown` where the driver is broken.
        indices: GPU indices, or processor numbers; none where the driver is broken.
        clock: What a budget counts on them.
        problem: Why this machine's GPUs can't be used; empty where all is well.
    """

    kind: str
    indices: tuple[int, ...]
    clock: Clock
    problem: str = ""


@cache
def devices() -> Devices:
    """This machine's GPUs of its most frequent kind; a slot for each core where it has none.

    A machine has none if `nvidia-smi` isn't installed or `CUDA_VISIBLE_DEVICES` is empty. Where `nvidia-smi` is installed and
    fails, there are no devices at all: a lab must not train on processors because a driver is broken.
    """
    try:
        gpus = [] if nvidia.is_hidden() else nvidia.gpus()
    except nvidia.DriverError as error:
        return Devices("unknown", (), "wall", f"The GPU driver doesn't work: {error}. {DRIVER_REMEDY}")
    if not gpus:
        return Devices("cpu", tuple(sorted(os.sched_getaffinity(0))), "cpu")
    kinds = [gpu.kind for gpu in gpus]
    kind = max(kinds, key=kinds.count)
    return Devices(kind, tuple(gpu.index for gpu in gpus if gpu.kind == kind), "wall")
