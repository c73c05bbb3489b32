"""One run at a time has a device. The next one may start beside it, and waits here before it trains."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ..contract.files import try_lock
from .child import Stop

LOOK_SECONDS = 0.05
"""Between two tries to get in."""


class Gate:
    """A lock on a file, held from getting in until this process ends.

    Args:
        path: Of the file, which runs on one device share; None where nothing starts beside a run.
    """

    def __init__(self, path: str | None) -> None:
        self._file = None if path is None else os.open(Path(path), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        self.is_in = self._file is None

    def try_to_get_in(self) -> bool:
        """Get in if nobody else is; whether this run is in now."""
        if self._file is not None and not self.is_in:
            self.is_in = try_lock(self._file)
        return self.is_in

    def wait(self, stop: Stop) -> None:
        """Get in, however long that takes.

        Raises:
            CancelledError: The runner was asked to end.
        """
        while not self.try_to_get_in():
            stop.check()
            time.sleep(LOOK_SECONDS)
