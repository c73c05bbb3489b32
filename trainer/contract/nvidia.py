"""What NVIDIA's driver says of this machine's GPUs, through `nvidia-smi`: the one module that asks it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from .gpu_names import gpu_kind

SECONDS = 20.0
"""How long `nvidia-smi` may take to answer; without persistence mode it loads the driver first."""
SAME_MEMORY = 1.1
"""Memory sizes up to this ratio are one size: the driver reserves a part, with error correction more."""
MAX_SHOWN = 300
"""Characters of its output that an error shows."""
_FIELDS = ("index", "name", "memory.total", "driver_version")
_MIG_CAPABLE = re.compile(r"\b(A30|A100|A800|H20|H100|H200|H800|GH200|B200|B300|GB200|GB300)\b|RTX PRO 6000")
_NAME = re.compile(r"(?!ERR)[A-Za-z]")
"""What a GPU's name begins with. In place of it the driver may print `ERR!`, `[Unknown Error]` or `[GPU requires reset]`."""
_GPU_LINE = re.compile(r"^GPU (\d+): .*\(UUID: (GPU-[\w-]+)\)")
_MIG_LINE = re.compile(r"^\s+MIG (\S+)\s+Device\s+\d+: \(UUID: (MIG-[\w/-]+)\)")


class DriverError(Exception):
    """`nvidia-smi` is installed and doesn't tell what GPUs there are; the text says what it did."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU as the driver describes it.

    Attributes:
        index: By which the driver numbers it.
        kind: As `gpu_names.gpu_kind` names it; where the GPU is cut into MIG slices, the kind of the first one.
        driver: Version of the driver.
        memory_mib: Of the whole GPU; 0 where the driver doesn't tell.
    """

    index: int
    kind: str
    driver: str
    memory_mib: float = 0.0


def is_hidden() -> bool:
    """Whether `CUDA_VISIBLE_DEVICES` hides all GPUs from this process."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in {"", "-1"}


def gpus(only: str | None = None) -> list[Gpu]:
    """The GPUs of this machine; empty where `nvidia-smi` isn't installed.

    GPUs of one name whose memory differs have their gigabytes in their kinds: `RTX4090-24GB` beside `RTX4090-48GB`.

    Args:
        only: As `CUDA_VISIBLE_DEVICES` names one or several, of which the first is described; None for all.

    Raises:
        DriverError: `nvidia-smi` fails, doesn't answer in time, or prints something that isn't a list of GPUs.
    """
    if shutil.which("nvidia-smi") is None:
        return []
    first = only.split(",")[0].strip() if only else ""
    rows = _rows() if not first or first.startswith("MIG-") else _rows_beside(first)
    profiles: Mapping[str, tuple[int, str]] = {}
    if any(_MIG_CAPABLE.search(row.name) for row in rows):
        profiles = _mig_profiles()
    if first.startswith("MIG-"):
        index, profile = profiles.get(first, (-1, ""))
        return [row.as_gpu(profile) for row in rows if row.index == index]
    first_profiles: dict[int, str] = {}
    for index, profile in profiles.values():
        first_profiles.setdefault(index, profile)
    described = _told_apart(rows, [row.as_gpu(first_profiles.get(row.index)) for row in rows])
    if not first:
        return described
    wanted = int(first) if first.isascii() and first.isdecimal() else _rows(f"--id={first}")[0].index
    return [gpu for gpu in described if gpu.index == wanted]


def _rows(*arguments: str) -> list[_Row]:
    lines = _ask([f"--query-gpu={','.join(_FIELDS)}", "--format=csv,noheader,nounits", *arguments])
    if not lines:
        raise DriverError("nvidia-smi lists no GPU")
    return [_row(line) for line in lines]


def _rows_beside(name: str) -> list[_Row]:
    """All GPUs, or the named one alone if another one is broken."""
    try:
        return _rows()
    except DriverError:
        return _rows(f"--id={name}")


def _told_apart(rows: Sequence[_Row], described: Sequence[Gpu]) -> list[Gpu]:
    """The GPUs, with gigabytes added to the kinds under which GPUs of unlike memory would be taken for one kind."""
    sizes: dict[str, list[float]] = {}
    for row, gpu in zip(rows, described, strict=True):
        sizes.setdefault(gpu.kind, []).append(row.memory_mib or 0.0)
    unlike = {kind for kind, memory in sizes.items() if max(memory) > SAME_MEMORY * min(memory)}
    return [
        replace(gpu, kind=f"{gpu.kind}-{round((row.memory_mib or 0.0) / 1024)}GB") if gpu.kind in unlike else gpu
        for row, gpu in zip(rows, described, strict=True)
    ]


def query(what: str, only: str | None) -> Sequence[Sequence[str]]:
    """The rows of `nvidia-smi --query-WHAT`; empty where it can't tell.

    Args:
        what: Such as `compute-apps=pid,used_memory`.
        only: The GPU, as `CUDA_VISIBLE_DEVICES` names it; None for all.
    """
    arguments = [f"--id={only.split(',')[0]}"] if only else []
    with suppress(DriverError):
        lines = _ask([f"--query-{what}", "--format=csv,noheader,nounits", *arguments])
        return [[cell.strip() for cell in line.split(",")] for line in lines]
    return []


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the query."""

    index: int
    name: str
    memory_mib: float | None
    driver: str

    def as_gpu(self, profile: str | None) -> Gpu:
        name = self.name if profile is None else f"{self.name} MIG {profile}"
        return Gpu(self.index, gpu_kind(name, self.memory_mib), self.driver, self.memory_mib or 0.0)


def _row(line: str) -> _Row:
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != len(_FIELDS) or not cells[0].isdecimal() or not _NAME.match(cells[1]):
        raise DriverError(f"nvidia-smi printed a line that isn't a GPU: {line[:MAX_SHOWN]!r}")
    try:
        memory = float(cells[2])
    except ValueError:  # such as [N/A] on a GPU that shares the processor's memory
        memory = None
    return _Row(int(cells[0]), cells[1], memory, cells[3])


def _mig_profiles() -> Mapping[str, tuple[int, str]]:
    """The MIG slices: UUID to the GPU's index and the slice's profile, in the driver's order; empty where there are none."""
    profiles: dict[str, tuple[int, str]] = {}
    index = -1
    with suppress(DriverError):
        for line in _ask(["--list-gpus"]):
            if gpu := _GPU_LINE.match(line):
                index = int(gpu[1])
            elif mig := _MIG_LINE.match(line):
                profiles[mig[2]] = index, mig[1]
    return profiles


def _ask(arguments: Sequence[str]) -> list[str]:
    """The lines that `nvidia-smi` prints.

    Raises:
        DriverError: It isn't there, fails, or doesn't answer in time.
    """
    command = ["nvidia-smi", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise DriverError(f"nvidia-smi didn't answer within {SECONDS:g} s") from None
    except OSError as error:
        raise DriverError(f"nvidia-smi can't be started: {error}") from error
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        shown = " ".join((output + done.stderr.decode("utf-8", "replace")).split())[:MAX_SHOWN].rstrip(".")
        raise DriverError(f"nvidia-smi ended with status {done.returncode}: {shown or 'it printed nothing'}")
    return [line for line in output.splitlines() if line.strip()]
