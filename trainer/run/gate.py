"""The gate of a device: one run at a time trains on it. The next one may start beside it, and waits here before it trains."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ..contract.files import try_lock
from .child import Stop

LOOK_SECONDS = 0.05
"""Between two tries to lock the gate."""


class Gate:
    """A lock on a file, held until this process ends.

    Args:
        path: Of the file, which the runs on one device share; None where no run starts beside another.

    Attributes:
        is_in: The lock is held, or there is none.
    """

    def __init__(self, path: str | None) -> None:
        self._file = None if path is None else os.open(Path(path), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        self.is_in = self._file is None

    def try_to_get_in(self) -> bool:
        """Take the lock if no other run holds it.

        Returns:
            Whether this run is in now.
        """
        if self._file is not None and not self.is_in:
            self.is_in = try_lock(self._file)
        return self.is_in

    def wait(self, stop: Stop) -> None:
        """Wait for the lock, however long that takes.

        Raises:
            CancelledError: The runner was asked to end.
        """
        while not self.try_to_get_in():
            stop.check()
            time.sleep(LOOK_SECONDS)
