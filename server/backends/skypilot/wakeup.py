"""Something to wait for, again and again."""

from __future__ import annotations

import anyio


class Wakeup:
    """Wakes the one who waits for it; a ring that nobody has waited for yet isn't lost."""

    def __init__(self) -> None:
        self._rung = anyio.Event()

    def ring(self) -> None:
        """There is something to do."""
        self._rung.set()

    async def wait(self, seconds: float | None = None) -> bool:
        """Until it rings, or so many seconds have passed; gives whether it rang."""
        with anyio.move_on_after(seconds):
            await self._rung.wait()
        rang = self._rung.is_set()
        self._rung = anyio.Event()
        return rang
