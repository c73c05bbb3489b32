"""What all clusters of a pool share."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from ...pool_settings import SkyPilotPool
from .api import SkyApi
from .backoff import InfraBackoff
from .cluster_records import ClusterRecords
from .run_mirror import RunMirror
from .wakeup import Wakeup

FIRST_LATENCY = 8.0
"""Seconds that a delivery is assumed to take until one was measured."""


@dataclass(frozen=True, slots=True)
class PoolContext:
    """What the agents of a pool's clusters use together, and where they leave what the others need.

    Attributes:
        records: The records of the pool's clusters and runs.
        settings: The pool's settings.
        sky: SkyPilot.
        runs: The folder that holds the lab's run folders.
        storage: The folder in which hosts keep results; None if the pool has none.
        backoff: Where clusters can't be launched at the moment.
        changed: Set when the pool may have something to place, launch or give back.
        run_seconds: Seconds that runs held their GPUs, by budget, the newest last.
        latencies: Seconds from placing a run until its host first reported it, the newest last.
    """

    records: ClusterRecords
    settings: SkyPilotPool
    sky: SkyApi
    runs: Path
    storage: Path | None
    backoff: InfraBackoff
    changed: Wakeup = field(default_factory=Wakeup)
    run_seconds: dict[float, deque[float]] = field(default_factory=dict[float, "deque[float]"])
    latencies: deque[float] = field(default_factory=lambda: deque([FIRST_LATENCY], maxlen=8))

    def mirror(self, run: str) -> RunMirror:
        """Return a run's folder on this machine."""
        return RunMirror(self.runs / run)

    def end_unstarted(self, run: str) -> None:
        """End a run that no runner has seen, with a result that says that it was cancelled."""
        self.mirror(run).end_unstarted()
        self.records.remove_placement(run)

    def take_stored(self, run: str) -> bool:
        """Take a run's result from the storage, and return whether there is one."""
        placement = self.records.placement(run)
        was_cancelled = placement is not None and placement.cancelled
        return self.storage is not None and self.mirror(run).take_stored(self.storage / run, was_cancelled=was_cancelled)
