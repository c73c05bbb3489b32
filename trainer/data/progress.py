"""How far a long step of a preparation is, and how long it will still take."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

Say = Callable[[str], None]
"""Takes a line for the person who waits."""

EVERY_SECONDS = 10.0
"""Between two lines."""
_FIRST_SECONDS = 2.0
"""Before the first line, which has to have a rate."""
MB = 1_000_000


class Progress:
    """Counts bytes, and says now and then how many of how many there are, how fast they come and how long the rest takes.

    Args:
        what: What is done to them, such as `Fetched`.
        total: Bytes in all, or about as many.
        say: Takes the lines.
        done: Bytes that were there before, and say nothing of the rate.
        now: A clock, in seconds.
    """

    def __init__(self, what: str, total: int, say: Say, *, done: int = 0, now: Callable[[], float] = time.monotonic) -> None:
        self._what, self._total, self._say, self._now = what, total, say, now
        self._done, self._before = done, done
        self._began = now()
        self._next = self._began + _FIRST_SECONDS
        self._lock = Lock()

    def add(self, amount: int) -> None:
        """Count bytes; a negative amount takes back what has to be done again. Threads may call it at the same time."""
        with self._lock:
            self._done += amount
            if self._now() >= self._next:
                self._next = self._now() + EVERY_SECONDS
                self._say(self._line())

    def _line(self) -> str:
        share = min(1.0, self._done / max(1, self._total))
        rate = (self._done - self._before) / max(1e-9, self._now() - self._began)
        line = f"{self._what} {self._done / MB:,.0f} of {self._total / MB:,.0f} MB ({share:.0%})"
        if rate <= 0:
            return f"{line}, nothing new yet"
        return f"{line}, {rate / MB:,.1f} MB/s, {in_words((self._total - self._done) / rate)} left"


def in_words(seconds: float) -> str:
    """A duration as a person says it: `about 40 s`, `about 12 min`, `about 2.5 h`."""
    seconds = max(0.0, seconds)
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
