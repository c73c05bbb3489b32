"""What this machine has to train on: GPUs by kind, else processor cores."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ..trainer.contract import nvidia
from ..trainer.contract.gpu_names import matching_kinds
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
def devices(gpu: str | None = None) -> Devices:
    """The devices of one kind on this machine.

    A machine has no GPUs if `nvidia-smi` isn't installed or `CUDA_VISIBLE_DEVICES` is empty. Where `nvidia-smi` is installed
    and fails, there are no devices at all: a lab must not train on processors because a driver is broken.

    Args:
        gpu: A kind, as `gpu_names.gpu_kind` or a part of its name has it, or `cpu`. None for the most frequent kind of GPU, of
            equally frequent ones that with more memory; a slot for each core where there is no GPU.
    """
    cores = Devices("cpu", tuple(sorted(os.sched_getaffinity(0))), "cpu")
    if gpu is not None and gpu.lower() == cores.kind:
        return cores
    try:
        gpus = [] if nvidia.is_hidden() else nvidia.gpus()
    except nvidia.DriverError as error:
        return Devices("unknown", (), "wall", f"The GPU driver doesn't work: {error}. {DRIVER_REMEDY}")
    if gpu is not None:
        return _of_kind(gpu, gpus)
    if not gpus:
        return cores
    kinds = [device.kind for device in gpus]
    chosen = max(gpus, key=lambda device: (kinds.count(device.kind), device.memory_mib))
    return _slots(chosen.kind, gpus)


def other_kinds(chosen: Devices) -> list[str]:
    """The kinds of GPU on this machine that `chosen` leaves out."""
    try:
        gpus = [] if nvidia.is_hidden() else nvidia.gpus()
    except nvidia.DriverError:
        return []
    return sorted({device.kind for device in gpus} - {chosen.kind})


def _of_kind(gpu: str, gpus: Sequence[nvidia.Gpu]) -> Devices:
    kinds = sorted({device.kind for device in gpus})
    matching = matching_kinds(gpu, kinds)
    if len(matching) == 1:
        return _slots(matching[0], gpus)
    has = f"has {', '.join(kinds) or 'no GPU'}"
    problem = f"means several kinds here: {', '.join(matching)}" if matching else f"isn't on this machine, which {has}"
    return Devices(gpu, (), "wall", f"gpu = {gpu!r} {problem}. Set gpu of the pool in labhand.toml to one kind of this machine")


def _slots(kind: str, gpus: Sequence[nvidia.Gpu]) -> Devices:
    return Devices(kind, tuple(device.index for device in gpus if device.kind == kind), "wall")
