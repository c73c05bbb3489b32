"""Looks at the lab, writes down what a person is to be told, and sends it, beside the dispatcher in its process.

Nothing here can hold the dispatcher: the lab is read through connections of its own, and what is sent has time limits. A
message is written down before it is sent. If the process is killed meanwhile, its fate is unknown, and it isn't sent again.
"""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import anyio

from ..dispatcher.lock import only_one
from ..errors import LabhandError
from ..lab.lab import Lab
from ..lab.monitor.notable import Marks, NotableEvent, NotableEvents
from ..notify_settings import Notify
from ..schemas.deliveries import DeliveryState, Notification, Target
from ..schemas.messages import changed
from ..settings import data_folder
from ..settings_in_force import settings_in_force
from .message_delivery import DeliveryError, post, run_command
from .outbox import LOCK, Outbox, read_outbox, resume, save

LOOK_SECONDS = 1.0
"""Interval at which the lab is looked at."""
MAX_LOOK_SECONDS = 10.0
"""Longest interval between two full looks where nothing was written: an alert may come up by itself."""
LOCK_SECONDS = 1.0
"""Interval at which the lock is tried, while another process sends the messages of this lab."""
BACKOFF_SECONDS = (2.0, 8.0, 30.0, 120.0)
"""How long a message waits after each try that failed. After one more try it is given up."""
MAX_WAIT_SECONDS = 600.0
"""Longest wait that a receiver may ask for."""
log = logging.getLogger(__name__)


class Notifier:
    """Sends messages about one lab.

    Args:
        root: The lab's folder.
        read_settings: Returns `[notify]` as it is now.
    """

    def __init__(self, root: Path, read_settings: Callable[[], Notify]) -> None:
        self._root = root
        self._read_settings = read_settings
        self._folder = data_folder(root, settings_in_force(root).settings)
        self._outbox = Outbox()
        self._saving = anyio.Lock()
        self._is_ending = anyio.Event()
        self._sends: dict[Target, anyio.Event] = {"webhook": anyio.Event(), "command": anyio.Event()}

    async def run(self, is_ready: anyio.Event, is_ending: anyio.Event) -> None:
        """Work until the dispatcher has nothing left to do and everything is sent, or this task is cancelled.

        Args:
            is_ready: Set when events are seen from now on, by this process or by another one.
            is_ending: Set when the dispatcher has nothing left to do.
        """
        self._is_ending = is_ending
        while not await self._work_alone(is_ready):
            is_ready.set()
            if is_ending.is_set():
                return
            await anyio.sleep(LOCK_SECONDS)

    async def _work_alone(self, is_ready: anyio.Event) -> bool:
        """Work unless another process does. Returns whether this process has nothing left to do."""
        with only_one(self._folder / LOCK) as lock:
            return lock is not None and await self._work(is_ready)

    async def _work(self, is_ready: anyio.Event) -> bool:
        """Look and send, while this process holds the lock. Returns False if the lab has to be opened again."""
        self._outbox = read_outbox(self._folder)
        resume(self._outbox)
        lab = await self._open()
        try:
            is_first = self._outbox.marks is None
            self._outbox.marks = self._outbox.marks or Marks()
            events = NotableEvents(lab, self._outbox.marks)
            if is_first:
                await events.skip()
            await self._save()
            is_ready.set()
            is_over = False
            async with anyio.create_task_group() as sending:
                for target in self._sends:
                    sending.start_soon(self._send_all, target)
                is_over = await self._look_until_end(lab, events)
                sending.cancel_scope.cancel()
            return is_over
        finally:
            with anyio.CancelScope(shield=True):
                await lab.close()

    async def _open(self) -> Lab:
        while True:
            try:
                return await Lab.open(self._root, read_only=True)
            except (LabhandError, OSError) as error:
                log.warning("No messages can be sent yet: %s", error)
                await anyio.sleep(MAX_LOOK_SECONDS)

    async def _look_until_end(self, lab: Lab, events: NotableEvents) -> bool:
        """Look at the lab whenever it was written to. Returns False if another database has taken its place."""
        seen, looked_at, was_last = -1, 0.0, False
        while not lab.db.is_replaced():
            is_last = self._is_ending.is_set()
            version, now = await lab.db.version(), time.monotonic()
            is_due = version != seen or events.expects_more or now - looked_at > MAX_LOOK_SECONDS
            if is_due or (is_last and not was_last):
                seen, looked_at, was_last = version, now, is_last
                await self._look(events, is_last=is_last)
            if is_last and not self._outbox.waiting:
                return True
            await anyio.sleep(LOOK_SECONDS / 4 if is_last else LOOK_SECONDS)
        return False

    async def _look(self, events: NotableEvents, *, is_last: bool) -> None:
        """Write down what is new."""
        try:
            found = await events.look(is_last=is_last)
        except (LabhandError, OSError, sqlite3.Error) as error:
            log.warning("The lab couldn't be looked at for messages: %s", error)
            return
        if not found:
            return
        settings = self._read_settings()
        targets = targets_of(settings)
        wanted = [self._notification(event) for event in found if event.name in settings.events]
        self._outbox.add([DeliveryState(notification=each, target=target) for each in wanted for target in targets])
        await self._save()
        for target in targets:
            self._sends[target].set()

    def _notification(self, event: NotableEvent) -> Notification:
        return Notification(
            id=f"{event.key}:{secrets.token_hex(4)}",
            event=event.name,
            title=event.title,
            text=event.text,
            lab=str(self._root),
            at=round(time.time(), 3),
            details=event.details,
        )

    async def _save(self) -> None:
        async with self._saving:
            await save(self._outbox, self._folder)

    async def _send_all(self, target: Target) -> None:
        """Send what waits for a target, one message after the other."""
        while True:
            due = [state for state in self._outbox.waiting if state.target == target]
            now = time.time()
            ready = next((state for state in due if state.due <= now), None)
            if ready is not None:
                await self._send(ready)
                continue
            self._sends[target] = anyio.Event()
            wait = min((state.due - now for state in due), default=MAX_WAIT_SECONDS)
            with anyio.move_on_after(max(0.05, wait)):
                await self._sends[target].wait()

    async def _send(self, state: DeliveryState) -> None:
        """Send a message once, and write down what came of it."""
        settings = self._read_settings()
        if state.target not in targets_of(settings):
            self._outbox.end(state, changed(state, outcome="failed", problem=f"there is no {state.target} any more"))
            await self._save()
            return
        sending = changed(state, outcome="sending", attempts=state.attempts + 1)
        self._outbox.replace(state, sending)
        await self._save()
        try:
            await deliver(sending.notification, state.target, settings, self._root)
        except DeliveryError as error:
            self._note_failure(sending, error)
        else:
            log.info("Told by %s: %s", state.target, state.notification.title)
            self._outbox.end(sending, changed(sending, outcome="delivered", problem=""))
        await self._save()

    def _note_failure(self, state: DeliveryState, error: DeliveryError) -> None:
        subject = f"The message {state.notification.title!r} by {state.target}"
        if error.may_retry and state.attempts <= len(BACKOFF_SECONDS):
            wait = max(BACKOFF_SECONDS[state.attempts - 1], min(error.wait_seconds, MAX_WAIT_SECONDS))
            log.warning("%s waits %.0f s for its next try: %s", subject, wait, error.problem)
            after = changed(state, outcome="waiting", problem=error.problem, due=time.time() + wait)
            self._outbox.replace(state, after)
            return
        log.warning("%s isn't sent again: %s", subject, error.problem)
        outcome = "unknown" if error.may_have_arrived else "failed"
        self._outbox.end(state, changed(state, outcome=outcome, problem=error.problem))


async def deliver(notification: Notification, target: Target, settings: Notify, folder: Path) -> None:
    """Send a message once.

    Raises:
        DeliveryError: It wasn't delivered, or isn't known to be.
    """
    if target == "command":
        await run_command(notification, settings.command, folder, os.environ)
    elif settings.webhook is not None:
        await post(notification, settings.webhook.get_secret_value(), settings.format)


def targets_of(settings: Notify) -> list[Target]:
    """Return where messages go."""
    wanted: list[tuple[Target, bool]] = [("webhook", settings.webhook is not None), ("command", bool(settings.command))]
    return [target for target, is_set in wanted if is_set]
