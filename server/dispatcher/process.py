"""The dispatcher's life as a process: one a lab, until nothing is left to do."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from enum import Enum
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread

from ..errors import SettingsError
from ..pool_settings import fitted_pools
from ..settings import DATABASE, FILE, LOCK, RUNS, SOURCES, Settings, data_folder
from ..settings_in_force import settings_in_force
from ..source.repository import Sources
from ..source.trainer_folder import Trainer
from ..source.trainer_in_force import TrainerInForce
from ..store import facts
from ..store.database import Database
from ..store.money import allowances
from ..store.running.run_numbers import continue_behind_run_folders
from .doomed_runs import DoomedRuns
from .follow_ups import FollowUps
from .lock import only_one
from .loop import Dispatcher
from .pool_backends import PoolBackends
from .run_folders import RunFolders
from .settler import Settler
from .validating.validation_stages import ValidationStages

LINGER_SECONDS = 3.0
"""How long an idle dispatcher waits for more, so that an agent's next launch finds it."""

log = logging.getLogger(__name__)


class SettingsFile:
    """Tells when the person has changed `labhand.toml`.

    Args:
        root: The folder of the file.

    Attributes:
        settings: The settings that were in force when this object was made.

    Raises:
        SettingsError: The file can't be used, and no last good content is known.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._stamp_read = self._stamp()
        in_force = settings_in_force(root)
        self.settings = in_force.settings
        self._trouble = ""
        self._note_trouble(in_force.trouble)

    def has_changed(self) -> bool:
        """Whether other settings than before are in force. A file that can't be used changes nothing."""
        stamp = self._stamp()
        if stamp == self._stamp_read and not self._trouble:
            return False
        self._stamp_read = stamp
        try:
            in_force = settings_in_force(self._root)
        except SettingsError as error:
            self._note_trouble(str(error))
            return False
        self._note_trouble(in_force.trouble)
        return in_force.settings != self.settings

    def _note_trouble(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            log.warning("Going on with the settings as they were: %s", trouble)
        self._trouble = trouble

    def _stamp(self) -> int:
        try:
            return (self._root / FILE).stat().st_mtime_ns
        except FileNotFoundError:
            return 0


class Ending(Enum):
    """Why a dispatcher stopped."""

    AGAIN = "again"
    """There is more to do, under other settings or for another dispatcher's launches."""
    DONE = "done"
    ASKED = "asked"
    """A signal asked it to end."""


class EndRequest:
    """The request of a signal that the dispatcher end. It is kept, whatever the dispatcher is doing when the signal comes."""

    def __init__(self) -> None:
        self._is_made = False
        self._scope: anyio.CancelScope | None = None

    @contextmanager
    def listening(self) -> Generator[None]:
        """Listen to SIGTERM and SIGINT."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        for number in numbers:
            loop.add_signal_handler(number, self.make)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    def make(self) -> None:
        """Ask the dispatcher to end."""
        self._is_made = True
        if self._scope is not None:
            self._scope.cancel()

    @contextmanager
    def cancelling(self) -> Generator[anyio.CancelScope]:
        """A scope that is cancelled as soon as the request is made, and at once if it was made before."""
        with anyio.CancelScope() as self._scope:
            if self._is_made:
                self._scope.cancel()
            yield self._scope


async def dispatch(root: Path, linger_seconds: float = LINGER_SECONDS) -> bool:
    """Run what is queued in the lab at `root`, until nothing is left to do or SIGTERM comes. Runs outlive it.

    Returns:
        Whether nothing is left to do here; False if a signal ended it.

    Raises:
        SettingsError: `labhand.toml` or `trainer.toml` can't be used.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    request = EndRequest()
    with request.listening():
        while (ending := await _serve(root, linger_seconds, request)) is Ending.AGAIN:
            pass
    return ending is Ending.DONE


async def _serve(root: Path, linger_seconds: float, request: EndRequest) -> Ending:
    """Be the lab's dispatcher, under one version of its settings."""
    file = SettingsFile(root)
    lock_file = data_folder(root, file.settings) / LOCK
    async with AsyncExitStack() as reading:
        with only_one(lock_file) as lock:
            if lock is None:
                log.info("Another dispatcher is at work here")
                return Ending.DONE
            log.info("At work")
            async with AsyncExitStack() as acting:  # the backends act until they are left, so that comes before the lock's end
                trainer = await to_thread.run_sync(partial(TrainerInForce.read, file.settings.trainer, root, only_toml=True))
                dispatcher = await _open(root, file.settings, trainer.trainer, reading, acting)

                def is_outdated() -> bool:
                    return file.has_changed() or trainer.look() or lock.is_lost()

                with request.cancelling() as scope:
                    await dispatcher.run(linger_seconds, is_outdated)
            if scope.cancelled_caught:
                log.info("Asked to end; what runs goes on")
                return Ending.ASKED
        # Someone may have launched while the lock was still held, and therefore started no dispatcher.
        return Ending.AGAIN if await dispatcher.has_work() else Ending.DONE


async def _open(
    root: Path, settings: Settings, trainer: Trainer, reading: AsyncExitStack, acting: AsyncExitStack
) -> Dispatcher:
    """Make the dispatcher. Its database is closed with `reading`, and its backends are left with `acting`."""
    folder = data_folder(root, settings).resolve()
    db = await Database.open(folder / DATABASE)
    reading.push_async_callback(db.close)
    await allowances.save_alone(db, settings.allowance, time.time())
    await continue_behind_run_folders(db, folder)
    identity = await facts.fact(db, facts.IDENTITY) or ""
    sources = await Sources.open(folder / SOURCES)
    fitted = fitted_pools(settings.pools, trainer.file.process_count)
    pools = PoolBackends.of_settings(fitted, folder / RUNS, trainer.metric.direction)
    await acting.enter_async_context(pools)
    additions = FollowUps(sources, settings.allowance, settings.baseline_every, settings.approval)
    settler = Settler(trainer.metric, additions, ValidationStages(trainer.metric, sources))
    stopping = DoomedRuns(db, folder / RUNS, trainer.metric) if settings.stop_doomed else None
    folders = RunFolders(folder, sources, identity, trainer, keep_work=settings.keep_work)
    return Dispatcher(db, pools, folders, settler, settings.allowance, stopping, settings.approval)
