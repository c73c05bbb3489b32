"""The records of one pool, on the disk: a later dispatcher needs nothing else."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ....trainer.contract.files import open_locked, write_whole
from .record_folder import RecordFolder
from .state import ClusterRecord, Placement


class ClusterRecords:
    """The clusters of a pool, and the runs on them that aren't over.

    Args:
        folder: The folder of all pools of the lab.
        pool: The pool's name.

    Attributes:
        pool: The pool's name.
        lab_id: What tells this lab's clusters from those of other labs.
    """

    def __init__(self, folder: Path, pool: str) -> None:
        self.pool = pool
        self._pool = _slug(pool)
        self._folder = folder / self._pool
        self._live = RecordFolder(self._folder / "clusters", ClusterRecord)
        self._gone = RecordFolder(self._folder / "gone", ClusterRecord)
        self._runs = RecordFolder(self._folder / "runs", Placement)
        self._lock: int | None = None
        self.lab_id = _lab_id(folder / "identity")

    def acquire(self) -> bool:
        """Become the owner of the pool, which alone acts on it, and hold its records in memory.

        Returns:
            Whether this object owns the pool now; False while another one does.
        """
        self._lock = open_locked(self._folder / "lock")
        if self._lock is None:
            return False
        for records in (self._live, self._gone, self._runs):
            records.load()
        return True

    def release(self) -> None:
        """Let others own the pool."""
        for records in (self._live, self._gone, self._runs):
            records.unload()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def new_name(self) -> str:
        """Return a name that no cluster of the pool has or had."""
        numbers = [int(record.name.rpartition("-")[2]) for record in self.clusters()]
        return f"lh-{self.lab_id}-{self._pool}-{max(numbers, default=0) + 1}"

    def clusters(self) -> list[ClusterRecord]:
        """Return all clusters that the pool has or had, the oldest first."""
        return sorted([*self._gone.all(), *self._live.all()], key=lambda record: record.launched_at)

    def live(self) -> list[ClusterRecord]:
        """Return the clusters that aren't gone, the oldest first."""
        return sorted(self._live.all(), key=lambda record: record.launched_at)

    def limit_seconds(self, since: float) -> float | None:
        """Return the time limit of the newest cluster that has one, in seconds.

        Args:
            since: Unix time; clusters that were launched before don't count, since limits change.
        """
        limits = [record.limit_seconds for record in self.clusters() if record.limit_seconds and record.launched_at >= since]
        return limits[-1] if limits else None

    def cluster(self, name: str) -> ClusterRecord:
        """Return a cluster that the pool has or had.

        Raises:
            KeyError: There never was one of this name.
        """
        record = self._live.get(name) or self._gone.get(name)
        if record is None:
            raise KeyError(name)
        return record

    def save_cluster(self, record: ClusterRecord) -> None:
        """Write a cluster down."""
        if record.status == "gone":
            self._gone.put(record.name, record)
            self._live.remove(record.name)
        else:
            self._live.put(record.name, record)

    def update_cluster(self, name: str, **changes: Any) -> None:  # noqa: ANN401
        """Change fields of a cluster's record."""
        self.save_cluster(replace(self.cluster(name), **changes))

    def price(self) -> float | None:
        """Return the dollars an hour of one GPU that the catalogue last named; None if it was never asked."""
        try:
            return float((self._folder / "price").read_text("ascii"))
        except FileNotFoundError:
            return None

    def save_price(self, price: float) -> None:
        """Write down the price that the catalogue names."""
        write_whole(self._folder / "price", str(price), flush=False)

    def placements(self) -> list[Placement]:
        """Return the runs that aren't over, in the order in which they were started."""
        return sorted(self._runs.all(), key=lambda placement: placement.order)

    def placements_on(self, cluster: str) -> list[Placement]:
        """Return the runs that aren't over and are on a cluster or meant for it, in the order in which they were started."""
        return [placement for placement in self.placements() if placement.cluster == cluster]

    def placement(self, run: str) -> Placement | None:
        """Return where a run is; None if it is over, or was never started in this pool."""
        return self._runs.get(run)

    def save_placement(self, placement: Placement, **changes: Any) -> None:  # noqa: ANN401
        """Write down where a run is, with changes to some of the fields."""
        self._runs.put(placement.run, replace(placement, **changes))

    def remove_placement(self, run: str) -> None:
        """Remove the record of a run that is over."""
        self._runs.remove(run)


def _slug(name: str) -> str:
    """Return a pool's name in characters that the name of a cluster may have."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:16] or "pool"


def _lab_id(path: Path) -> str:
    """Read the lab's id. Make one if there is none; if two processes do so at once, both get the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        own = path.with_suffix(f".{os.getpid()}")
        own.write_text(secrets.token_hex(3), "ascii")
        try:
            os.link(own, path)
        finally:
            own.unlink()
    return path.read_text("ascii")
