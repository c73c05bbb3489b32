"""Reads the state of a runner from its run folder; docs/runs.md describes the files."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from .base import Phase

ACTIVE_PHASES = (Phase.STARTING, Phase.RUNNING, Phase.EVALUATING)
"""The phases of a run that isn't over, in their order."""
SIGNS_OF_LIFE = ("alive", "curve.jsonl", "log.txt", "phase", "claim", "spec.json")


class LocalRunFolder:
    """A run folder of this machine, for reading.

    Args:
        path: Path of the folder, which need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def is_claimed(self) -> bool:
        """Whether a runner that has claimed the run is alive: it holds a lock on the file for as long as it lives."""
        try:
            claim = os.open(self.path / "claim", os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(claim, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(claim)
        return False

    def claimant(self) -> int | None:
        """Return the id of the process that claimed the run. After the process has ended, another may have its id."""
        try:
            return int((self.path / "claim").read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return None

    def phase(self) -> Phase:
        """Return how far the run is, as its runner last wrote it down."""
        with suppress(FileNotFoundError, ValueError):
            word = (self.path / "phase").read_text("ascii").strip()
            if word in ACTIVE_PHASES:
                return Phase(word)
        return Phase.STARTING

    def result(self) -> Mapping[str, Any] | None:
        """Return the content of `result.json`; None if it doesn't exist or can't be read."""
        try:
            result = json.loads((self.path / "result.json").read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return cast("Mapping[str, Any]", result) if isinstance(result, dict) else None

    def silent_seconds(self) -> float:
        """Return the seconds since the runner last wrote into the folder; 0 if it never has."""
        newest = 0.0
        for name in SIGNS_OF_LIFE:
            with suppress(FileNotFoundError):
                newest = max(newest, (self.path / name).stat().st_mtime)
        return max(0.0, time.time() - newest) if newest else 0.0


def end_leftovers(folder: Path) -> bool:
    """Kill the processes that a dead runner left behind.

    Returns:
        Whether there were any. They may take a moment to end.
    """
    has_leftovers = False
    for pid in _processes_of(folder):
        has_leftovers = True
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return has_leftovers


def _processes_of(folder: Path) -> Iterator[int]:
    """Yield the processes of an experiment: those that work below its folder and have the variable that runners set.

    The variable tells them from a person's shell that happens to be in the folder.
    """
    inside = os.fsencode(folder)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            place = os.fsencode((process / "cwd").readlink())
            if place.startswith(inside + b"/") and b"LABHAND_SEED=" in (process / "environ").read_bytes():
                yield int(process.name)
