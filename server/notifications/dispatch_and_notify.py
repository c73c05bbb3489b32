"""The dispatcher's process: the dispatcher, and the notifier in the background."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from pathlib import Path

import anyio

from ..dispatcher import dispatch
from ..errors import SettingsError
from ..notify_settings import Notify
from ..settings import FILE
from ..settings_in_force import settings_in_force

FLUSH_SECONDS = 180.0
"""How long the process stays for messages that wait, after the dispatcher has nothing to do. The next one sends the others."""
POLL_SECONDS = 1.0
"""Interval at which is seen whether somebody wants to be told of anything."""
READY_SECONDS = 10.0
"""How long the dispatcher waits at its start until events are seen."""

log = logging.getLogger(__name__)


class NotifySettings:
    """`[notify]` as `labhand.toml` has it now.

    Args:
        root: The lab's folder.

    Raises:
        SettingsError: The file can't be used, and no last good content is known.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._stamp = self._read_stamp()
        self._settings = settings_in_force(root).settings.notify

    def __call__(self) -> Notify:
        """Return the table. While the file can't be used, the last good one holds."""
        stamp = self._read_stamp()
        if stamp != self._stamp:
            try:
                self._settings = settings_in_force(self._root).settings.notify
            except SettingsError as error:
                log.warning("Messages go on as they were: %s", error)
            self._stamp = stamp
        return self._settings

    def _read_stamp(self) -> int:
        try:
            return (self._root / FILE).stat().st_mtime_ns
        except FileNotFoundError:
            return 0


async def dispatch_and_notify(root: Path, pinned: Notify | None = None) -> None:
    """Be the dispatcher of the lab at `root` until nothing is left to do, and send messages meanwhile.

    Args:
        root: The lab's folder.
        pinned: `[notify]` where the environment sets it; None to read it from `labhand.toml`.

    Raises:
        LabhandError: As `dispatch` does.
    """
    read_settings = NotifySettings(root) if pinned is None else lambda: pinned
    is_ready, is_ending = anyio.Event(), anyio.Event()
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_notify, root, read_settings, is_ready, is_ending)
        with anyio.move_on_after(READY_SECONDS):
            await is_ready.wait()
        try:
            is_done = await dispatch(root)
        except Exception as error:  # noqa: BLE001 - raised below, outside of the task group, which would wrap it
            failure, is_done = error, False
        if is_done:
            is_ending.set()
            _end_in_time(tasks.cancel_scope)
        else:
            tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


def _end_in_time(scope: anyio.CancelScope) -> None:
    """Give what is in a scope time to end by itself. A signal ends it at once."""
    scope.deadline = anyio.current_time() + FLUSH_SECONDS
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, scope.cancel)


async def _notify(root: Path, read_settings: Callable[[], Notify], is_ready: anyio.Event, is_ending: anyio.Event) -> None:
    """Send messages as soon as somebody wants any, until the dispatcher has nothing left to do."""
    try:
        while not read_settings().is_wanted:
            is_ready.set()
            with anyio.move_on_after(POLL_SECONDS):
                await is_ending.wait()
                return
        from .notifier import Notifier  # noqa: PLC0415 - imports the lab, which takes as long as the rest of the dispatcher

        await Notifier(root, read_settings).run(is_ready, is_ending)
    except Exception:  # the boundary: whatever is wrong with messages, the dispatcher goes on
        log.exception("Messages are not sent any more")
        is_ready.set()
