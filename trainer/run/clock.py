"""The runner's own clocks. What an experiment says about time is never asked."""

from __future__ import annotations

import time
from collections.abc import Callable

WALL_FACTOR, WALL_EXTRA = 15.0, 30.0
"""CPU time has a cap on wall clock of so many times its limit and so many seconds more: a process that sleeps ends, too.
High enough that a busy machine, where a process gets a tenth of a core, ends nothing that is honest."""
_SHORTEST_LOOK, _LONGEST_LOOK = 0.01, 0.25


class Clock:
    """Counts down a limit: of wall clock, or of CPU time with a cap on wall clock.

    Args:
        limit: Seconds.
        cpu: Gives the CPU seconds that a process tree has used; None to count wall clock alone.
        cores: How many CPU seconds may pass in a second.
        now: Wall clock.
    """

    def __init__(
        self,
        limit: float,
        cpu: Callable[[], float] | None = None,
        cores: int = 1,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._count = cpu or now
        self._wall_limit = limit if cpu is None else WALL_FACTOR * limit + WALL_EXTRA
        self._cores = 1 if cpu is None else cores
        self._now = now
        self._counted_before, self._began = self._count(), now()

    def used(self) -> float:
        """Seconds on the clock."""
        return self._count() - self._counted_before

    def wall(self) -> float:
        """Seconds of wall clock."""
        return self._now() - self._began

    def left(self) -> float:
        """Seconds until the clock or the cap is over, whichever comes first; negative past it."""
        return min(self._limit - self.used(), self._wall_limit - self.wall())

    def next_look(self) -> float:
        """Seconds of wall clock after which to look again: soon enough to see the end, rarely enough to cost nothing."""
        return min(max(self.left() / self._cores, _SHORTEST_LOOK), _LONGEST_LOOK)
