"""A pause: what runs goes on, and nothing is started until the person resumes."""

from __future__ import annotations

import time

from ...store import steering_state
from ...store.steering_state import Pause
from ..lab import Lab
from ..sanitize import cut

MAX_REASON = 500
"""Characters of a reason."""


async def pause(lab: Lab, reason: str, by: str) -> Pause:
    """Pause the lab. A lab that is paused gets the new reason."""
    new = Pause(cut(reason, MAX_REASON), by, time.time())
    async with lab.db.transaction() as tx:
        await steering_state.save_pause(tx, new)
    return new


async def resume(lab: Lab) -> Pause | None:
    """End the pause, and start the dispatcher. Returns the pause that was ended; None if there was none."""
    async with lab.db.transaction() as tx:
        before = await steering_state.pause(tx)
        await steering_state.save_pause(tx, None)
    lab.wake_dispatcher()
    return before


async def current_pause(lab: Lab) -> Pause | None:
    """Return the pause; None if the lab isn't paused."""
    return await steering_state.pause(lab.db)


def in_words(pause: Pause) -> str:
    """Return a pause as a sentence for callers."""
    reason = f": {pause.reason}" if pause.reason else ""
    return f"the person has paused the lab{reason}. What runs goes on; nothing starts until the person runs `labhand resume`"
