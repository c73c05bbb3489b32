"""Waiting for what other processes do: they set no event, so one looks again and again, within bounds."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

import anyio

PATIENCE_SECONDS = 90.0
"""The machine may be a busy one."""
LOOK_SECONDS = 0.02


async def until(holds: Callable[[], Awaitable[object] | object], within: float = PATIENCE_SECONDS) -> None:
    """Look until something holds, or what is awaited for it does.

    Raises:
        TimeoutError: It didn't in so many seconds.
    """
    with anyio.fail_after(within):
        while not (await found if inspect.isawaitable(found := holds()) else found):  # noqa: ASYNC110 - they set no event
            await anyio.sleep(LOOK_SECONDS)
