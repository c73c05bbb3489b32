"""Checkpoints that are held for the longer horizons of a validation, and removed when it is over.

Nothing of it is written down. What is to be held follows from the validation's plan, and what is to be removed from its end, so
that a dispatcher removes what the one before it left when it was killed.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...domain import FINISHED, Purpose
from ...store.comparison import longer_stages
from ...store.database import Database
from ...store.experiments import rows
from ...store.running.runs import Attempt
from ..run_folders import RunFolders

_NEVER = -1
"""No validation has this place in the order of finishing."""


class HeldCheckpoints:
    """Removes what isn't kept of run folders, and holds the checkpoints that longer runs may go on from.

    Args:
        db: The lab's.
        folders: Of the runs.
    """

    def __init__(self, db: Database, folders: RunFolders) -> None:
        self._db = db
        self._folders = folders
        self._released = _NEVER

    async def prune(self, ended: Sequence[Attempt]) -> None:
        """Remove what isn't kept of the folders of experiments that are over.

        Args:
            ended: The last run of each of them.
        """
        tested = [attempt.run.experiment for attempt in ended if attempt.purpose is Purpose.VALIDATION]
        needed = await longer_stages.needed_later(self._db, tested) if tested else set[int]()
        for attempt in ended:
            run = attempt.run
            await self._folders.prune(run.experiment, run.attempt, holds_checkpoint=run.experiment in needed)

    async def release(self) -> None:
        """Remove what was held for validations that are over since the last call; at the first call, for all of them.

        At the first call also what a dispatcher that was killed hadn't removed yet.
        """
        newest = await longer_stages.last_finished(self._db)
        if newest == self._released:
            return
        if self._released == _NEVER:
            await self._prune_left()
        for member in await longer_stages.finished_members(self._db, max(0, self._released)):
            # A run that was given back after its folder was filled isn't among the attempts.
            await self._folders.prune(member.number, member.attempts + 1)
        self._released = newest

    async def _prune_left(self) -> None:
        """Remove what isn't kept of the folders of experiments that were settled, and whose folders weren't pruned."""
        left = await self._folders.unpruned()
        over = [each.number for each in await rows.find_experiments(self._db, sorted(left)) if each.status in FINISHED]
        needed = await longer_stages.needed_later(self._db, over) if over else set[int]()
        for number in over:
            await self._folders.prune(number, left[number], holds_checkpoint=number in needed)
