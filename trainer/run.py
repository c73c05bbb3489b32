"""One run, as the parts of the runner hand it to one another."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .child import Stop
from .clock import Clock
from .contract import Spec, Trainer
from .folder import RunFolder
from .log import Log
from .processes import TreeClock
from .result import Result


@dataclass(frozen=True)
class Run:
    """All that belongs to one run while the runner lives."""

    folder: RunFolder
    spec: Spec
    trainer: Trainer
    log: Log
    stop: Stop
    result: Result

    def clock(self, limit: float) -> Clock:
        """A clock of the kind that governs this run, over whatever runs below the runner from now on."""
        cpu = TreeClock().seconds if self.spec.clock == "cpu" else None
        return Clock(limit, cpu, len(self.spec.cores) or os.cpu_count() or 1)
