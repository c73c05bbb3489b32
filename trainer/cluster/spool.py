"""The folder on a cluster where runs arrive and their host finds them; docs/skypilot.md tells who writes what.

A delivery renames whole run folders into `runs/`, and names what is to end as files in `cancels/`. What is queued, runs or is
over is told by the run folders themselves: by their claims and results.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from ..contract.run_folder import RunFolder


class Spool:
    """The folders of one cluster.

    Args:
        root: Where they lie; made when missing.
    """

    def __init__(self, root: Path) -> None:
        self._runs = root / "runs"
        self._cancels = root / "cancels"
        self._lock = root / "host.lock"
        for folder in (self._runs, self._cancels):
            folder.mkdir(parents=True, exist_ok=True)

    def lock(self) -> int | None:
        """Be this cluster's host for as long as the process lives; gives the descriptor, None where another one is."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def names(self) -> set[str]:
        """The runs that lie here."""
        return set(os.listdir(self._runs))  # noqa: PTH208 - five times a second

    def arrived(self, name: str) -> SpooledRun:
        """A run that lies here."""
        return SpooledRun(self._runs / name)

    def cancels(self) -> Iterator[str]:
        """The runs that are to end."""
        yield from os.listdir(self._cancels)  # noqa: PTH208

    def forget_cancel(self, name: str) -> None:
        """A run has been asked to end, or is over."""
        (self._cancels / name).unlink(missing_ok=True)


class SpooledRun(RunFolder):
    """A run folder as its host reads it."""

    @property
    def order(self) -> float:
        """Its place in the queue; lower comes first."""
        with suppress(OSError, ValueError):
            return float((self.path / "order").read_text("ascii"))
        return 0.0

    def told(self) -> Mapping[str, Any] | None:
        """Its result; None where there is none."""
        return _read(self.result)

    def told_sealed(self) -> Mapping[str, Any] | None:
        """What came of the test split; None where it wasn't asked for."""
        return _read(self.sealed)

    def is_claimed(self) -> bool:
        """Whether a runner lives that has claimed it."""
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

    def was_claimed(self) -> bool:
        """Whether a runner has ever claimed it."""
        return (self.path / "claim").exists()

    def claimant(self) -> int | None:
        """The process that claimed it; means something only while it lives."""
        with suppress(OSError, ValueError):
            return int((self.path / "claim").read_text("ascii"))
        return None

    def phase(self) -> str | None:
        """How far it is; None before it has begun."""
        with suppress(OSError):
            return (self.path / "phase").read_text("ascii").strip()
        return None

    def entered(self) -> float:
        """When it came into its phase, as a Unix time."""
        with suppress(OSError):
            return (self.path / "phase").stat().st_mtime
        return time.time()

    def sign_of_life(self) -> float:
        """When it last wrote anything, as a Unix time."""
        newest = 0.0
        for file in (self.curve, self.log, self.path / "phase", self.path / "claim"):
            with suppress(OSError):
                newest = max(newest, file.stat().st_mtime)
        return newest or time.time()

    def spec(self) -> Mapping[str, Any]:
        """Its `spec.json`, as far as it can be read: the runner is the one who complains."""
        return _read(self.path / "spec.json") or {}

    def place(self, where: Mapping[str, Any]) -> None:
        """Add to its `spec.json` where it runs, in one step."""
        self._replace("spec.json", json.dumps({**self.spec(), **where}, indent=2))


def _read(file: Path) -> Mapping[str, Any] | None:
    with suppress(OSError, ValueError):
        found: Any = json.loads(file.read_text("utf-8"))
        return cast("dict[str, Any]", found) if isinstance(found, dict) else None
    return None
