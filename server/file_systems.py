"""Whether a folder lies where a lab can be kept: on a file system whose locks and shared memory hold between processes.

A file system that is known to be local is trusted. One that is known to be on another machine is refused. Any other is tried by
two processes, and the folder is then bound to this machine: nothing that this machine can try shows what another one would see.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import re
import socket
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from ..trainer.contract.files import read_bounded
from .errors import SettingsError

LOCAL: Final = frozenset(
    {
        "bcachefs",
        "btrfs",
        "ext2",
        "ext3",
        "ext4",
        "f2fs",
        "jfs",
        "nilfs2",
        "overlay",
        "ramfs",
        "reiserfs",
        "tmpfs",
        "xfs",
        "zfs",
    }
)
"""File systems of one machine, whose locks are the kernel's own."""
REMOTE: Final = frozenset({"9p", "afs", "ceph", "cifs", "glusterfs", "lustre", "nfs", "nfs4", "smb3", "smbfs"})
"""File systems of another machine. A file system that is in neither list is tried."""
MACHINE: Final = "machine"
"""The file that binds a folder to a machine."""
SECONDS: Final = 30.0
"""How long the second process may take."""
_REMEDY: Final = "Set data_dir in labhand.toml (or LABHAND_DATA_DIR) to a folder on a local disk"
_SECOND: Final = """
import fcntl, mmap, os, sys
file = os.open(sys.argv[1], os.O_RDWR)
def is_refused(lock):
    try:
        lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
mmap.mmap(file, 4096)[0:1] = b"2"
print(int(is_refused(fcntl.flock)), int(is_refused(fcntl.lockf)))
"""


def refuse_unsafe_file_system(path: Path, *, binds: bool = True) -> None:
    """Refuse a place where a lab's database and locks can't be relied on.

    Args:
        path: Of a file in the lab's data folder, which need not exist.
        binds: A folder that isn't known to be on a local file system is made, and bound to this machine. Without it nothing is
            left there, and the folder has to exist.

    Raises:
        SettingsError: `path` lies on a network file system, on one that fails a test by two processes, or on one that isn't
            known to be local and was used by another machine before.
    """
    kind = file_system(path)
    if kind in LOCAL:
        return
    if kind in REMOTE:
        raise SettingsError(
            f"{path} lies on a network file system ({kind}), where a lab's database can't be kept safe", _REMEDY
        )
    folder = path.parent
    if binds:
        folder.mkdir(parents=True, exist_ok=True)
    shown = kind or "unknown"
    if problem := what_two_processes_see(folder):
        raise SettingsError(f"{path} lies on a file system ({shown}) that can't keep a lab's database safe: {problem}", _REMEDY)
    if binds and (other := _bind(folder)) is not None:
        raise SettingsError(
            f"{folder} lies on a file system ({shown}) that isn't known to be local, and belongs to the machine {other}",
            f"Use the lab on that machine only. If it is gone for good, remove {folder / MACHINE}",
        )


def what_two_processes_see(folder: Path, second: Sequence[str] = (sys.executable, "-I", "-S", "-c", _SECOND)) -> str:
    """Try with a second process what a lab needs: locks that exclude, memory that is shared, links, renaming.

    Args:
        folder: On the file system to be tried.
        second: The command of the second process, which gets the path of a file of 4096 bytes.

    Returns:
        What doesn't work; empty if all does.
    """
    try:
        with _scratch(folder) as place:
            return _try(place / "file", second)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return f"{error}"


@contextmanager
def _scratch(folder: Path) -> Generator[Path]:
    place = Path(mkdtemp(prefix=".two-processes.", dir=folder))
    try:
        yield place
    finally:
        for file in place.iterdir():
            file.unlink()
        place.rmdir()


def _try(file: Path, second: Sequence[str]) -> str:
    file.write_bytes(bytes(4096))
    os.link(file, file.with_name("link"))
    file.with_name("link").replace(file.with_name("renamed"))
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 4096) as shared:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        done = subprocess.run([*second, str(file)], capture_output=True, timeout=SECONDS, check=True, stdin=subprocess.DEVNULL)
        answers = done.stdout.split()
        if answers != [b"1", b"1"]:
            return "a lock that one process holds doesn't keep another process out"
        if shared[0:1] != b"2":
            return "what one process writes to a mapped file isn't seen by another one"
    return ""


def _bind(folder: Path) -> str | None:
    """Bind a folder to this machine.

    Returns:
        The machine that it is bound to, if that is another one.
    """
    own = _machine()
    with suppress(FileExistsError), (folder / MACHINE).open("x", encoding="utf-8") as file:
        file.write(own)
    owner = (read_bounded(folder / MACHINE, 4096) or b"").decode("utf-8", "replace").strip()
    return None if owner in {own, ""} else owner


def _machine() -> str:
    """This machine's name and its id, which a container has of its own."""
    number = (read_bounded(Path("/etc/machine-id"), 4096) or b"").decode("ascii", "replace").strip()
    return f"{socket.gethostname()} {number}".strip()


def file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """The kind of file system that holds `path`; empty where the system doesn't tell."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    place = path.resolve()
    best = ("", "")
    for fields in (line.split() for line in lines):
        if len(fields) < 3:
            continue
        mount = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[1])
        if place.is_relative_to(mount) and len(mount) >= len(best[0]):
            best = (mount, fields[2])
    return best[1]
