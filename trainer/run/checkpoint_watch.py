"""Checkpoints while a run trains: laid out for the command, and watched, so that a later run can go on from the last one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from ..contract.checkpoints import last_change, lay_out, place_of, write_record
from ..contract.run_spec import ResumedRun
from .clock import Clock
from .run import Run

LOOK_SECONDS: Final = 0.5
_SHARE: Final = 50
"""Looking takes at most one part in so many of the time."""


def lay_out_checkpoint(run: Run) -> Mapping[str, str]:
    """Lay out what the run goes on from, and return the environment variables that tell its command so."""
    checkpoint = run.trainer.checkpoint
    if checkpoint is None:
        return {}
    place = None if run.spec.resumed is None else lay_out(run.folder, checkpoint)
    if place is None:
        return {}
    run.result.resumed_from = run.spec.resumed.run if run.spec.resumed else None
    run.result.seconds["resumed"] = run.spec.resumed_seconds
    run.result.flags.append("resumed")
    return {"LABHAND_RESUME_FROM": str(place), "LABHAND_USED_SECONDS": f"{run.spec.resumed_seconds:g}"}


class CheckpointWatch:
    """Writes down how much of the budget is used whenever the command has written a checkpoint.

    Args:
        run: The run.
        clock: Counts its training, without what an earlier run has used.
    """

    def __init__(self, run: Run, clock: Clock) -> None:
        self._run = run
        self._clock = clock
        self._next = 0.0
        self._seen = self._last_change()

    def look(self) -> None:
        """Look for a newer checkpoint, if it is time."""
        began = time.monotonic()
        if self._run.trainer.checkpoint is None or began < self._next:
            return
        changed = self._last_change()
        self._next = began + max(LOOK_SECONDS, _SHARE * (time.monotonic() - began))
        if changed > self._seen:
            self._seen = changed
            resumed = self._run.spec.resumed
            earlier = (resumed.seconds, resumed.wall_seconds) if resumed else (0.0, 0.0)
            used = ResumedRun(self._run.spec.run, earlier[0] + self._clock.used(), earlier[1] + self._clock.wall())
            write_record(self._run.folder, used)

    def _last_change(self) -> int:
        checkpoint = self._run.trainer.checkpoint
        place = None if checkpoint is None else place_of(self._run.folder.work, checkpoint)
        return 0 if place is None else last_change(place)
