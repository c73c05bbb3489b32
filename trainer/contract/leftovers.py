"""Processes that a run has left behind: found by where they work, and killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def leftover_processes(folder: Path) -> Iterator[int]:
    """The processes of an experiment that work below its run folder.

    They have a runner's `LABHAND_SEED` in their environment, which tells them from a person's shell in the same folder.

    Args:
        folder: Of the run.
    """
    inside = os.fsencode(folder)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            place = os.fsencode((process / "cwd").readlink())
            if place.startswith(inside + b"/") and b"LABHAND_SEED=" in (process / "environ").read_bytes():
                yield int(process.name)


def kill_leftovers(folder: Path) -> bool:
    """Kill what a dead runner left behind, once and without waiting for it to be gone.

    Returns:
        Whether there was anything.
    """
    pids = list(leftover_processes(folder))
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return bool(pids)
