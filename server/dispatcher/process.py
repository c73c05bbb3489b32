"""The dispatcher's life as a process: one a lab, until nothing is left to do."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
from anyio import to_thread

from ..settings import DATABASE, LOCK, RUNS, SOURCES, data_folder, load_settings
from ..sources import Sources
from ..store.database import Database
from ..trainers import load_trainer
from .folders import RunFolders
from .lock import only_one
from .loop import Dispatcher
from .pools import Pools
from .settling import Settler

LINGER_SECONDS = 3.0
"""How long an idle dispatcher waits for more, so that an agent's next launch finds it."""

log = logging.getLogger(__name__)


async def dispatch(root: Path, linger_seconds: float = LINGER_SECONDS) -> None:
    """Run what is queued in the lab at `root`, until nothing is left to do or SIGTERM comes. Runs outlive it.

    Raises:
        SettingsError: `labhand.toml` or `trainer.toml` can't be used.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    lock = data_folder(root, load_settings(root)) / LOCK
    dispatcher: Dispatcher | None = None
    async with AsyncExitStack() as stack:
        while True:
            with only_one(lock) as is_ours:
                if not is_ours:
                    log.info("Another dispatcher is at work here")
                    return
                dispatcher = dispatcher or await _open(root, stack)
                if not await _until_idle(dispatcher, linger_seconds):
                    log.info("Asked to end; what runs goes on")
                    return
            # Someone may have launched while the lock was still held, and therefore started no dispatcher.
            if not await dispatcher.has_work():
                log.info("Nothing left to do")
                return


async def _until_idle(dispatcher: Dispatcher, linger_seconds: float) -> bool:
    """Run the dispatcher; False when a signal ended it."""
    loop = asyncio.get_running_loop()
    with anyio.CancelScope() as scope:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, scope.cancel)
        await dispatcher.run(linger_seconds)
    return not scope.cancelled_caught


async def _open(root: Path, stack: AsyncExitStack) -> Dispatcher:
    settings = load_settings(root)
    folder = data_folder(root, settings).resolve()
    trainer = await to_thread.run_sync(load_trainer, settings.trainer, root)
    db = await Database.open(folder / DATABASE)
    stack.push_async_callback(db.close)
    sources = await Sources.open(folder / SOURCES)
    pools = await to_thread.run_sync(Pools.of_settings, settings, folder / RUNS)
    stack.push_async_callback(pools.close)
    return Dispatcher(db, pools, RunFolders(folder / RUNS, sources), Settler(trainer.metric), settings.allowance.ends)
