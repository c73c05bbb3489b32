"""The folder on a cluster where runs arrive and their host finds them; docs/skypilot.md explains who writes what.

A delivery renames complete run folders into `runs/`, and puts a file for each run that is to end into `cancels/`. The run
folders themselves say which runs are queued, running or over: by their claims and results.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ..contract.errors import ContractError
from ..contract.files import open_locked
from ..contract.run_folder import ORDER, RunFolder
from ..contract.run_spec import RunSpec


class Spool:
    """The folders of one cluster.

    Args:
        root: Where they lie; made if missing.
    """

    def __init__(self, root: Path) -> None:
        self._runs = root / "runs"
        self._cancels = root / "cancels"
        self._lock = root / "host.lock"
        for folder in (self._runs, self._cancels):
            folder.mkdir(parents=True, exist_ok=True)

    def lock(self) -> int | None:
        """Be this cluster's host for as long as the process lives.

        Returns:
            The descriptor that holds the lock; None if another process is the host.
        """
        return open_locked(self._lock)

    def names(self) -> set[str]:
        """The names of the runs that lie here."""
        return set(os.listdir(self._runs))  # noqa: PTH208 - five times a second

    def arrived(self, name: str) -> SpooledRun:
        """A run that lies here."""
        return SpooledRun(self._runs / name)

    def cancels(self) -> Iterator[str]:
        """The names of the runs that are to end."""
        yield from os.listdir(self._cancels)  # noqa: PTH208

    def forget_cancel(self, name: str) -> None:
        """Remove a request to end: the run has been asked, or is over."""
        (self._cancels / name).unlink(missing_ok=True)


class SpooledRun(RunFolder):
    """A run folder as its host reads it."""

    @property
    def order(self) -> float:
        """Its place in the queue; lower comes first."""
        with suppress(OSError, ValueError):
            return float((self.path / ORDER).read_text("ascii"))
        return 0.0

    def spec_if_usable(self) -> RunSpec | None:
        """Its `spec.json`; None where it can't be used, which the runner will explain in its result."""
        try:
            return self.spec()
        except ContractError:
            return None
