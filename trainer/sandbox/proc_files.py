"""/proc, as far as CUDA needs it: each process that starts CUDA writes the names of its threads there.

Landlock can't name the folders of processes that don't exist yet. So where a command may start others that use CUDA, all of
/proc is opened for writing. Besides processes, it has the kernel's settings and devices, which only root may change: they are
mounted read-only first, and where that can't be done, root's processes don't get this. The memory and the open files of
processes outside stay closed: Landlock counts that as tracing. A process can reset its own peak of memory then, so a measured
trainer of one process doesn't get this.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from .mounts import BIND, RECURSIVE, make_read_only, mount

PLACE: Final = "/proc"
_SETTINGS: Final = tuple(Path(PLACE, name) for name in ("sys", "sysrq-trigger", "irq", "bus", "fs"))
"""What root could change to reach beyond the run; containers mount them read-only."""
_ANYONE_WRITES: Final = 0o222


def protect_settings(*, has_own_mounts: bool) -> bool:
    """Close what isn't a process's, where that is possible; return whether all of /proc can be opened for writing then.

    Args:
        has_own_mounts: Whether this process has a mount namespace of its own, so that it may change its mounts.
    """
    if has_own_mounts:
        with suppress(OSError):
            _mount_read_only()
            return True
    return os.geteuid() != 0 or all(os.statvfs(path).f_flag & os.ST_RDONLY for path in _SETTINGS if path.exists())


def _mount_read_only() -> None:
    """Mount each file and folder of /proc that anyone may write, and that isn't a process's, read-only upon itself.

    That holds for what is mounted further below, too: binfmt_misc, or what a container shows of the GPU's driver.
    """
    with os.scandir(PLACE) as entries:
        found = [(entry.path, entry.stat(follow_symlinks=False).st_mode) for entry in entries if not entry.name.isdigit()]
    for path, mode in found:
        if stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and mode & _ANYONE_WRITES):
            mount(path, path, None, BIND | RECURSIVE)
            make_read_only(path)
