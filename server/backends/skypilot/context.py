"""What all clusters of a pool share."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from ....trainer.contract.run_result import RunResult
from ...settings import SkyPilotPool
from .api import SkyApi
from .backoff import InfraBackoff
from .run_mirror import RunMirror
from .state import ClusterRecords
from .wakeup import Wakeup

FIRST_LATENCY = 8.0
"""Seconds that a delivery is thought to take, before one was seen."""


@dataclass(frozen=True, slots=True)
class PoolContext:
    """What the attendants of a pool's clusters are given, and where they leave what others should know.

    Attributes:
        runs: The lab's run folders.
        storage: Where hosts keep results; None for nowhere.
        rest: Where clusters can't be launched at the moment.
        changed: Rings when there may be something new to place.
        seconds: That runs held their GPUs: by budget, the newest last.
        latency: Seconds from placing a run to its host's first word of it, the newest last.
    """

    records: ClusterRecords
    settings: SkyPilotPool
    sky: SkyApi
    runs: Path
    storage: Path | None
    rest: InfraBackoff
    changed: Wakeup = field(default_factory=Wakeup)
    seconds: dict[float, deque[float]] = field(default_factory=dict[float, "deque[float]"])
    latency: deque[float] = field(default_factory=lambda: deque([FIRST_LATENCY], maxlen=8))

    def mirror(self, run: str) -> RunMirror:
        """A run's folder on this machine."""
        return RunMirror(self.runs / run)

    def end_unseen(self, run: str) -> None:
        """End a run that no runner has seen, as cancelled."""
        self.mirror(run).hear_result(RunResult.cancelled(run).as_json())
        self.records.forget(run)

    def has_kept(self, run: str) -> bool:
        """Take a run's result from the storage; gives whether there is one."""
        return self.storage is not None and self.mirror(run).take_kept(self.storage / run)
