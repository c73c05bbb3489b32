"""The runner's own clocks. They don't depend on what an experiment reports."""

from __future__ import annotations

import time
from collections.abc import Callable

WALL_FACTOR, WALL_EXTRA = 15.0, 30.0
"""A limit on CPU time also limits wall clock, to this many times the limit plus this many seconds: a process that sleeps ends
too. It is high enough for an honest process that gets a tenth of a core on a busy machine."""
_MIN_LOOK_SECONDS, _MAX_LOOK_SECONDS = 0.01, 0.25


class Clock:
    """Counts down a limit: of wall clock, or of CPU time with a cap on wall clock.

    Args:
        limit: Seconds.
        cpu: Returns the CPU seconds that a process tree has used; None to count only wall clock.
        cores: How many CPU seconds can pass in one second.
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
        """Seconds until the limit or the cap on wall clock is reached, whichever comes first; negative after that."""
        return min(self._limit - self.used(), self._wall_limit - self.wall())

    def next_look(self) -> float:
        """Seconds of wall clock after which to look again: soon enough to see the end, and rarely enough to cost little."""
        return min(max(self.left() / self._cores, _MIN_LOOK_SECONDS), _MAX_LOOK_SECONDS)
