"""Notices that the lab was written to: one look for all pages, however many are open."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import AsyncGenerator, Awaitable, Callable

import anyio

from ..errors import LabhandError
from ..lab.lab import Lab

LOOK_SECONDS = 0.25
"""Interval at which the database's version is read."""
MAX_AGE_SECONDS = 5.0
"""A page is renewed after this time although nothing was written: times go on, and an alert may come up by itself."""
log = logging.getLogger(__name__)


class LabWatch:
    """Counts the changes of a lab.

    Args:
        open_lab: Returns the lab, open.

    Attributes:
        number: Of the last change.
    """

    def __init__(self, open_lab: Callable[[], Awaitable[Lab]]) -> None:
        self._open_lab = open_lab
        self._changed = anyio.Event()
        self._wanted = anyio.Event()
        self._listeners = 0
        self.number = 0

    async def run(self) -> None:
        """Look until this task is cancelled, while anyone listens."""
        seen, at = -1, 0.0
        while True:
            await self._wanted.wait()
            version = await self._version()
            if version != seen or time.monotonic() - at > MAX_AGE_SECONDS:
                seen, at = version, time.monotonic()
                self.number += 1
                self._changed.set()
                self._changed = anyio.Event()
            await anyio.sleep(LOOK_SECONDS)

    async def changes(self) -> AsyncGenerator[int]:
        """Yield the number of the last change now, and of each that follows; what comes meanwhile is one."""
        seen = -1
        self._listeners += 1
        self._wanted.set()
        try:
            while True:
                while self.number == seen:
                    await self._changed.wait()
                seen = self.number
                yield seen
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._wanted = anyio.Event()

    async def _version(self) -> int:
        try:
            lab = await self._open_lab()
            return await lab.db.version()
        except (LabhandError, sqlite3.Error, OSError) as error:  # the page says what is wrong
            log.debug("The lab can't be looked at: %s", error)
            return -1
