"""Checkpoints while a run trains: laid out for the command, and watched, so that a later run can go on from the last one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ..contract.checkpoints import last_change, lay_out, place_of, put_back, write_record
from ..contract.run_spec import ResumedRun
from .clock import Clock
from .result import ResultDraft
from .run import Run

LOOK_SECONDS: Final = 0.5
_SHARE: Final = 50
"""Looking takes at most one part in so many of the time."""


def lay_out_checkpoint(run: Run) -> Mapping[str, str]:
    """Lay out what the run goes on from, and return the environment variables that tell its command so."""
    checkpoint, resumed = run.trainer.checkpoint, run.spec.resumed
    if checkpoint is None or resumed is None:
        return {}
    place = lay_out(run.folder, checkpoint)
    if place is None:
        return {}
    _note_beginning(run.result, resumed)
    return {"LABHAND_RESUME_FROM": str(place), "LABHAND_USED_SECONDS": f"{resumed.seconds:g}"}


def put_back_checkpoint(run: Run) -> None:
    """Save what the run goes on from, before its command is started once more in a new working folder."""
    if run.trainer.checkpoint is not None and run.spec.resumed is not None:
        put_back(run.folder, run.trainer.checkpoint)


def _note_beginning(result: ResultDraft, resumed: ResumedRun) -> None:
    """Write to the result what the run goes on from."""
    if result.resumed_from is not None:  # its command is started once more
        return
    result.resumed_from = resumed.run
    result.seconds |= {"resumed": resumed.seconds, "resumed_wall": resumed.wall_seconds}
    if resumed.run != resumed.extends:
        result.flags.append("resumed")
    if resumed.extends:
        result.seconds |= {"extended": resumed.extended_seconds, "extended_wall": resumed.extended_wall_seconds}
        sentence = (
            f"its first {resumed.extended_seconds:.3g} s are those of {resumed.extends}, whose checkpoint it went on from"
        )
        result.flags.append(f"extended: {sentence}")


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
        self.look_now()
        self._next = began + max(LOOK_SECONDS, _SHARE * (time.monotonic() - began))

    def look_now(self) -> None:
        """Look for a newer checkpoint. To be called when the command has ended: it may have written one since the last look."""
        changed = self._last_change()
        if changed <= self._seen:
            return
        self._seen = changed
        before = self._run.spec.resumed or ResumedRun("", 0.0, 0.0)
        seconds, wall_seconds = before.seconds + self._clock.used(), before.wall_seconds + self._clock.wall()
        used = replace(before, run=self._run.spec.run, seconds=seconds, wall_seconds=wall_seconds)
        write_record(self._run.folder, used)

    def _last_change(self) -> int:
        checkpoint = self._run.trainer.checkpoint
        place = None if checkpoint is None else place_of(self._run.folder.work, checkpoint)
        return 0 if place is None else last_change(place)
