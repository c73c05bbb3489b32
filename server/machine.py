"""What this machine has: GPUs by kind, else processor cores, to train on; file systems to keep a lab on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..trainer.contract import nvidia
from ..trainer.contract.gpu_names import UNKNOWN
from .domain import Clock
from .errors import SettingsError

NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "ceph", "glusterfs", "9p", "fuse.sshfs"})


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices of one kind that experiments can have to themselves.

    Attributes:
        kind: As `gpu_names` writes it, such as `H100-SXM`; `cpu`; `unknown` where the driver of the GPUs doesn't work.
        indices: GPU indices, or processor numbers. None where the driver doesn't work.
        clock: What a budget counts on them.
        trouble: Why none can be used; empty where they can.
    """

    kind: str
    indices: tuple[int, ...]
    clock: Clock
    trouble: str = ""


_seen: list[Devices] = []


def devices() -> Devices:
    """This machine's GPUs of its most frequent kind; its processor cores where it has no NVIDIA driver.

    A driver that is installed and doesn't work makes no CPU lab: experiments would count another budget without a word. It
    is asked again at the next call, since a person may mend it meanwhile; devices that were found are remembered.
    """
    if not _seen:
        found = _look_for_devices()
        if found.trouble:
            return found
        _seen.append(found)
    return _seen[0]


def forget_devices() -> None:
    """Look for devices again at the next call."""
    _seen.clear()


def _look_for_devices() -> Devices:
    try:
        gpus = nvidia.gpus()
    except nvidia.DriverError as error:
        return Devices(UNKNOWN, (), "wall", f"The NVIDIA driver of this machine doesn't work: {error}")
    if not gpus:
        return Devices("cpu", tuple(sorted(os.sched_getaffinity(0))), "cpu")
    kinds = [gpu.kind for gpu in gpus]
    kind = max(kinds, key=kinds.count)
    return Devices(kind, tuple(gpu.index for gpu in gpus if gpu.kind == kind), "wall")


def refuse_network_file_system(path: Path) -> None:
    """Refuse a place where SQLite's locks can't be relied on.

    Raises:
        SettingsError: `path` lies on a network file system.
    """
    kind = file_system(path)
    if kind in NETWORK_FILE_SYSTEMS:
        raise SettingsError(
            f"{path} lies on a network file system ({kind}), where a lab's database can't be kept safe",
            "Set data_dir in labhand.toml (or LABHAND_DATA_DIR) to a folder on a local disk",
        )


def file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """The kind of file system that holds `path`; empty where the system doesn't tell."""
    if not mounts.exists():
        return ""
    place = path.resolve()
    best = ("", "")
    for line in mounts.read_text("utf-8", "replace").splitlines():
        _, point, kind, *_ = line.split()
        mount = point.replace("\\040", " ")
        if place.is_relative_to(mount) and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]
