"""An event that can be waited for again and again."""

from __future__ import annotations

import anyio


class Wakeup:
    """Wakes the one task that waits for it. If the task isn't waiting at that moment, its next wait returns at once."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def set(self) -> None:
        """Wake the task: there is something to do."""
        self._event.set()

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait until `set` is called, or for so many seconds.

        Returns:
            Whether `set` was called.
        """
        with anyio.move_on_after(seconds):
            await self._event.wait()
        was_set = self._event.is_set()
        self._event = anyio.Event()
        return was_set
