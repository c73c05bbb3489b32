"""NVIDIA's driver, asked through `nvidia-smi`. The only module that runs it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from .gpu_names import gpu_kind

ANSWER_SECONDS = 20.0
"""How long the driver may take to answer."""
MAX_MESSAGE = 300
"""Characters of the driver's own words that an error repeats."""


class DriverError(Exception):
    """`nvidia-smi` is installed and doesn't work; the text says what it answered."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU of this machine.

    Attributes:
        index: As `CUDA_VISIBLE_DEVICES` names it.
        name: As the driver reports it, such as `NVIDIA H100 80GB HBM3`.
        kind: By the rule of `gpu_names`.
        driver: Version of the driver.
    """

    index: int
    name: str
    kind: str
    driver: str


def is_installed() -> bool:
    """Whether this machine has `nvidia-smi`. Without it there are no NVIDIA GPUs to use."""
    return shutil.which("nvidia-smi") is not None


def query(what: str, gpu: str | None = None) -> list[list[str]]:
    """Returns the rows that `nvidia-smi --query-WHAT` prints, each as its cells.

    Args:
        what: Such as `gpu=name,driver_version`.
        gpu: As `CUDA_VISIBLE_DEVICES` names it; None for all GPUs.

    Raises:
        DriverError: There is no `nvidia-smi`, it failed, it didn't answer in time, or it printed something else than a table.
    """
    command = ["nvidia-smi", f"--query-{what}", "--format=csv,noheader,nounits"]
    command += [f"--id={gpu.split(',')[0]}"] if gpu else []
    columns = what.partition("=")[2].count(",") + 1
    rows = [[cell.strip() for cell in line.split(",")] for line in _run(command).splitlines() if line.strip()]
    if unreadable := next((row for row in rows if len(row) != columns), None):
        raise DriverError(f"nvidia-smi printed {', '.join(unreadable)[:MAX_MESSAGE]!r} where {what} was asked for")
    return rows


def gpus() -> Sequence[Gpu]:
    """Returns the GPUs of this machine; none where it has no `nvidia-smi`.

    Raises:
        DriverError: `nvidia-smi` is there and names no GPUs: the driver is broken, or the devices are not passed through.
    """
    if not is_installed():
        return ()
    rows = query("gpu=index,name,memory.total,driver_version")
    if not rows:
        raise DriverError("nvidia-smi reports no GPUs")
    found: list[Gpu] = []
    for index, name, memory, driver in rows:
        if not index.isdecimal() or not name:
            raise DriverError(f"nvidia-smi printed {', '.join((index, name))[:MAX_MESSAGE]!r} where a GPU was expected")
        found.append(Gpu(int(index), name, gpu_kind(name, float(memory) if _is_number(memory) else None), driver))
    return found


def kind_and_driver(gpu: str) -> tuple[str, str]:
    """Returns the kind of one GPU and the version of its driver.

    Args:
        gpu: An index, a UUID, or the UUID of a MIG device, as `CUDA_VISIBLE_DEVICES` names it.

    Raises:
        DriverError: The driver doesn't know it.
    """
    if gpu.startswith("MIG-"):
        return _mig_device(gpu.split(",")[0])
    rows = query("gpu=name,memory.total,driver_version", gpu)
    if not rows:
        raise DriverError(f"nvidia-smi reports no GPU {gpu}")
    name, memory, driver = rows[0]
    return gpu_kind(name, float(memory) if _is_number(memory) else None), driver


def _mig_device(uuid: str) -> tuple[str, str]:
    """Kind and driver of a MIG device, which `nvidia-smi --id` doesn't take: from the list of all devices."""
    parent = ""
    for line in _run(["nvidia-smi", "-L"]).splitlines():
        if found := re.match(r"GPU \d+: (.+?) \(UUID", line):
            parent = found[1]
        elif uuid in line and (profile := re.match(r"\s*(MIG \S+)", line)):
            driver = query("gpu=driver_version")
            return gpu_kind(f"{parent} {profile[1]}"), driver[0][0] if driver else ""
    raise DriverError(f"nvidia-smi reports no device {uuid}")


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=ANSWER_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise DriverError(f"nvidia-smi did not answer within {ANSWER_SECONDS:g} s") from error
    except OSError as error:
        raise DriverError(f"nvidia-smi can't be started: {error}") from error
    if done.returncode:
        message = " ".join((done.stdout or done.stderr).split())[:MAX_MESSAGE]
        raise DriverError(f"nvidia-smi failed with exit status {done.returncode}: {message or 'no message'}")
    return done.stdout


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()
