"""What a run folder on this machine tells of its runner; see docs/runs.md."""

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
    """A run folder, as anyone may read it.

    Args:
        path: Of the folder, which need not be there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def is_claimed(self) -> bool:
        """Whether a runner lives that has claimed the run."""
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
        """The process that claimed the run; means something only while it lives."""
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
        """The run's result; None where there is none that can be read."""
        try:
            result = json.loads((self.path / "result.json").read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return cast("Mapping[str, Any]", result) if isinstance(result, dict) else None

    def silent_seconds(self) -> float:
        """Since anything in the folder was written; 0 where there is nothing."""
        newest = 0.0
        for name in SIGNS_OF_LIFE:
            with suppress(FileNotFoundError):
                newest = max(newest, (self.path / name).stat().st_mtime)
        return max(0.0, time.time() - newest) if newest else 0.0


def end_leftovers(folder: Path) -> bool:
    """Kill what a dead runner left behind; gives whether there was anything, which may take a moment to be gone."""
    found = False
    for pid in _processes_of(folder):
        found = True
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return found


def _processes_of(folder: Path) -> Iterator[int]:
    """Processes of an experiment: at work below its folder, with a seed from a runner, which a person's shell there has not."""
    inside = os.fsencode(folder)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            place = os.fsencode((process / "cwd").readlink())
            if place.startswith(inside + b"/") and b"LABHAND_SEED=" in (process / "environ").read_bytes():
                yield int(process.name)
