"""What this machine has: GPUs by kind, else processor cores, to train on; file systems to keep a lab on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .domain import Clock
from .errors import SettingsError

NVIDIA_SMI_SECONDS = 10.0
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "ceph", "glusterfs", "9p", "fuse.sshfs"})


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices of one kind that experiments can have to themselves.

    Attributes:
        kind: `H100`, or `cpu`.
        indices: GPU indices, or processor numbers.
        clock: What a budget counts on them.
    """

    kind: str
    indices: tuple[int, ...]
    clock: Clock


@cache
def devices() -> Devices:
    """This machine's GPUs of its most frequent kind; a slot a core where there is none."""
    gpus = _nvidia_gpus()
    if not gpus:
        return Devices("cpu", tuple(sorted(os.sched_getaffinity(0))), "cpu")
    kinds = [kind for _, kind in gpus]
    kind = max(kinds, key=kinds.count)
    return Devices(kind, tuple(index for index, name in gpus if name == kind), "wall")


def short_kind(name: str) -> str:
    """The kind in a GPU's full name: `H100` of `NVIDIA H100 80GB HBM3`, `RTX4090` of `NVIDIA GeForce RTX 4090`."""
    plain = re.sub(r"NVIDIA|GeForce|Tesla|Quadro|Graphics|-?PCIE.*|-?SXM.*|\d+\s?GB.*|HBM.*|Generation", " ", name)
    return re.sub(r"\s+", "", plain) or name


def _nvidia_gpus() -> list[tuple[int, str]]:
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    try:
        output = subprocess.run(
            [command, "--query-gpu=index,name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=NVIDIA_SMI_SECONDS,
            check=True,
        ).stdout
    except (subprocess.SubprocessError, OSError):
        return []
    found: list[tuple[int, str]] = []
    for line in output.splitlines():
        index, _, name = line.partition(",")
        found.append((int(index), short_kind(name.strip())))
    return found


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
