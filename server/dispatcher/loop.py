"""The dispatcher's loop: follow what runs, settle what ended, start what is next.

It keeps nothing in memory that it couldn't read again. What is to be started is written down first, so that the next
dispatcher completes what this one leaves half done.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anyio
from anyio import to_thread

from ..approval_settings import Approval
from ..backends.base import Phase, RunReport, StartRequest
from ..domain import Run, RunStatus
from ..errors import LabhandError, NoCapacityError
from ..settings import Allowance
from ..store.comparison import champions, validation_pairs
from ..store.database import Database
from ..store.money import pools as pool_rows
from ..store.running import early_stops, holds, queue, runs, settlement, slots_aside
from ..store.running.runs import Attempt, News
from .approval_gate import ApprovalGate
from .cluster_scaling import ClusterScaler
from .doomed_runs import DoomedRuns
from .odd_results import settle_apart
from .pool_backends import PoolBackend, PoolBackends
from .run_folders import ForeignRunError, RunFolders
from .settler import FinishedRuns, Settler
from .validating.held_checkpoints import HeldCheckpoints

TICK_SECONDS = 0.2
HEARTBEAT_SECONDS = 5.0
"""Signs of life are written down no more often, so that a quiet night writes nothing much."""
LOOK_SECONDS = 15.0
"""How often the pools, and their clusters, are looked at."""
HURRY_SECONDS = 2.0
"""The same while clusters are being given up, or a price is awaited."""
REST_SECONDS = 10.0
"""How long a pool on which a run couldn't be started is left alone."""
TROUBLE_SECONDS = 5.0
"""Between two tries while something is wrong with the machine: a full disk, a database that stays busy."""
TRIES = 60
"""Ticks in a row that may fail before the dispatcher gives up."""
SAVE_SECONDS = 0.5
"""For how long handles of started runs are collected before they are saved. A lost handle is harmless: see `_begin`."""
_NEVER = -1
"""No version of the database."""

log = logging.getLogger(__name__)


class Dispatcher:
    """Runs a lab's queue on its pools.

    Args:
        db: The lab's.
        pools: With their backends.
        folders: Of the runs.
        settler: Takes what ended.
        allowance: The person's.
        stopping: Finds runs that are doomed; None to let every run go to its end.
        approval: What the person wants to approve.
    """

    def __init__(
        self,
        db: Database,
        pools: PoolBackends,
        folders: RunFolders,
        settler: Settler,
        allowance: Allowance | None = None,
        stopping: DoomedRuns | None = None,
        approval: Approval | None = None,
    ) -> None:
        self._db = db
        self._pools = pools
        self._folders = folders
        self._settler = settler
        self._stopping = stopping
        self._checkpoints = HeldCheckpoints(db, folders)
        self._hiring = ClusterScaler(db, pools, allowance or Allowance())
        self._gate = ApprovalGate(approval or Approval())
        self._seen = _NEVER
        self._active: list[Attempt] = []
        self._waiting = False
        self._asked: set[str] = set()

    async def run(self, linger_seconds: float, is_outdated: Callable[[], bool]) -> None:
        """Work until there was nothing to do for so long, or this dispatcher is outdated.

        Raises:
            LabhandError: The same trouble came up too often, as do OSError and sqlite3.Error.
        """
        idle_since: float | None = None  # as seen at the end of looks: being held up between two is no idleness
        failures = 0
        while not (self._db.is_replaced() or is_outdated()):
            if idle_since is not None and time.monotonic() - idle_since >= linger_seconds:
                return
            try:
                busy = await self.tick()
                idle_since = None if busy else idle_since or time.monotonic()
                failures = 0
            except (LabhandError, OSError, sqlite3.Error):  # the machine's trouble passes, and what runs needs its dispatcher
                failures += 1
                idle_since = None
                if failures == TRIES:
                    raise
                log.exception("Trouble; trying again")
                self._settler.forget()
                self._seen = _NEVER
            await anyio.sleep(TROUBLE_SECONDS if failures else TICK_SECONDS)

    async def has_work(self) -> bool:
        """Whether anything runs or could start, a cluster is held, or another database has taken the place of this one."""
        if self._db.is_replaced():
            return True
        await self._read()
        return self._is_busy()

    def _is_busy(self) -> bool:
        return bool(self._active) or self._may_take() or self._hiring.is_holding or self._hiring.is_asking

    async def tick(self) -> bool:
        """Look once at everything, and do what there is to do; False when nothing is left."""
        await self._look_at_pools()
        await self._read()
        await self._follow()
        await self._stop_doomed()
        await self._ask_to_end()
        await self._hiring.steer()
        await self._take()
        await self._begin()
        return self._is_busy()

    async def _look_at_pools(self) -> None:
        if await self._pools.look(HURRY_SECONDS if self._hiring.is_in_motion else LOOK_SECONDS):
            async with self._db.transaction() as tx:
                await pool_rows.save(tx, self._pools.seen)
                await self._hiring.keep(tx, time.time())

    async def _read(self) -> None:
        """Read what is active and whether anything waits, if the database has changed."""
        version = await self._db.version()
        if version == self._seen and not self._gate.has_lapsed():
            return
        if await queue.needs_sweeping(self._db) or await validation_pairs.need_a_look(self._db):
            async with self._db.transaction() as tx:
                await settlement.cancel_queued(tx, time.time())
                await holds.drop_empty_holds(tx)
                await self._settler.follow(tx, time.time())
        await self._checkpoints.release()
        self._active = [attempt for attempt in await runs.active(self._db) if attempt.run.pool in self._pools]
        await self._hiring.read({attempt.run.pool for attempt in self._active})
        await self._look_what_waits()
        self._seen = version

    async def _look_what_waits(self) -> None:
        self._hiring.is_unapproved = False
        kinds = sorted({pool.gpu for pool in self._pools.seen if self._hiring.may_start(pool)})
        budgets = await self._gate.read(self._db)
        self._waiting = await queue.startable(self._db, kinds, budgets)
        is_held_back = bool(budgets) and not self._waiting and await queue.startable(self._db, kinds)
        self._hiring.is_unapproved = is_held_back or self._gate.is_exhausted

    def _may_take(self) -> bool:
        return self._waiting and not self._hiring.is_over()

    async def _follow(self) -> None:
        """Note how far runs are, and settle those that ended."""
        if not self._active:
            return
        reports = await self._pools.poll(attempt.run for attempt in self._active)
        now = time.time()
        # Without a handle it is to be started now, and the report is of an earlier time.
        returned = [a for a in self._active if reports[a.run.id].phase is Phase.RETURNED and a.run.handle]
        news = [new for attempt in self._active if (new := _news(attempt.run, reports[attempt.run.id], now))]
        ended = await self._without_foreign_results(_ended(self._active, reports))
        if news or ended or returned:
            async with self._db.transaction(flush=False) as tx:
                await runs.save_news(tx, news)
                for attempt in returned:
                    log.info("%s is queued again: %s could not start it", attempt.run.id, attempt.run.pool)
                    await queue.give_back(tx, attempt.run.id, attempt.run.experiment)
            await settle_apart(self._db, self._settler, ended, now)
            await self._checkpoints.prune(ended.final())
            if returned:  # what keeps the pool from starting them has to be known before anything is started again
                self._pools.look_anew()
                await self._look_at_pools()
            await self._read()

    async def _without_foreign_results(self, ended: FinishedRuns) -> FinishedRuns:
        """Return what ended; a run whose folder isn't its own is lost, and the folder is set aside."""
        own = FinishedRuns(lost=ended.lost)
        for attempt, result in ended.finished:
            uses_folder = self._pools[attempt.run.pool].backend.needs_folder
            if uses_folder and (conflict := await to_thread.run_sync(self._folders.conflict, attempt)):
                target = await self._folders.set_aside(attempt.run, conflict)
                own.lost.append((attempt, f"the result in its folder was not its own: see {target}"))
            else:
                own.finished.append((attempt, result))
        return own

    async def _stop_doomed(self) -> None:
        """Write down which runs are to end as doomed, and why, before they are asked to."""
        doomed = await self._stopping.look(self._active) if self._stopping else []
        if not doomed:
            return
        async with self._db.transaction() as tx:
            for attempt, why in doomed:
                log.info("%s is stopped. %s", attempt.run.id, why.reason)
                await early_stops.ask(tx, attempt.run.experiment, why.reason, why.seconds, time.time())
        await self._read()

    async def _ask_to_end(self) -> None:
        wanted = [a.run for a in self._active if a.cancel_reason is not None and a.run.handle and a.run.id not in self._asked]
        async with anyio.create_task_group() as asking:
            for run in wanted:
                log.info("%s is asked to end", run.id)
                asking.start_soon(self._pools[run.pool].backend.cancel, run)
        self._asked.update(run.id for run in wanted)

    async def _take(self) -> None:
        """Write down what is started next, before anything is."""
        if not self._may_take():
            return
        aside = await slots_aside.slots_aside(self._db)
        for pool in filter(self._hiring.may_start, self._pools.usable()):
            self._pools[pool.name].backend.set_aside({slot.slot for slot in aside if slot.pool == pool.name})
            free = await self._pools[pool.name].backend.free()
            # What was taken and isn't started yet will need a slot.
            free -= sum(attempt.run.pool == pool.name and not attempt.run.handle for attempt in self._active)
            if not pool.most_clusters:
                # A run may have ended since the last look: what it came to may hold the others, so it is settled first.
                free = min(free, pool.slots - sum(attempt.run.pool == pool.name for attempt in self._active))
            if free > 0:
                # Where no runner is started, nothing is lost by starting everything at once.
                try_first = self._pools[pool.name].backend.needs_folder
                # Not flushed: what a power failure takes back is taken again, with the same names and nonces.
                async with self._db.transaction(flush=False) as tx:
                    budgets = await self._gate.read(tx)
                    await queue.take(tx, pool.name, pool.gpu, free, time.time(), try_first=try_first, budgets=budgets)
        await self._read()

    async def _begin(self) -> None:
        """Start what was taken, by this dispatcher or by one that died over it: starting twice is harmless."""
        waiting = [attempt for attempt in self._active if not attempt.run.handle and attempt.cancel_reason is None]
        if not waiting:
            return
        knobs = await champions.knobs_of(self._db, [attempt.commit for attempt in waiting])
        handles: dict[str, Mapping[str, Any]] = {}
        last_saved = time.monotonic()
        for attempt in waiting:
            handle = await self._start(attempt, knobs.get(attempt.commit, {}))
            if handle is not None:
                handles[attempt.run.id] = handle
            # One transaction for many quick starts, and no long wait after a slow one.
            if time.monotonic() - last_saved > SAVE_SECONDS:
                await self._save_handles(handles)
                last_saved = time.monotonic()
        await self._save_handles(handles)

    async def _save_handles(self, handles: dict[str, Mapping[str, Any]]) -> None:
        if handles:
            async with self._db.transaction(flush=False) as tx:
                await runs.save_handles(tx, handles)
            handles.clear()

    async def _start(self, attempt: Attempt, knobs: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Start a run, and return its handle; None if it couldn't be started."""
        run, pool = attempt.run, self._pools[attempt.run.pool]
        try:
            handle = await pool.backend.start(await self._spec(attempt, pool, knobs))
        except ForeignRunError as error:
            log.warning("%s waits. %s", run.id, error)
            await pool.backend.cancel(run)
            async with self._db.transaction() as tx:
                await queue.give_back(tx, run.id, run.experiment)
        except NoCapacityError:  # another lab was faster
            async with self._db.transaction() as tx:
                await queue.give_back(tx, run.id, run.experiment)
        except (LabhandError, OSError) as error:  # one source or pool that can't be started must not stop the others
            log.exception("%s could not be started", run.id)
            self._pools.rest(run.pool, f"{run.id} could not be started: {error}", REST_SECONDS)
            lost = FinishedRuns(lost=[(attempt, f"it could not be started: {error}")])
            async with self._db.transaction() as tx:
                await self._settler.settle(tx, lost, time.time())
        else:
            log.info("%s started on %s", run.id, run.pool)
            return handle
        return None

    async def _spec(self, attempt: Attempt, pool: PoolBackend, knobs: Mapping[str, Any]) -> StartRequest:
        if pool.backend.needs_folder:
            folder = await self._folders.fill(
                attempt, sandbox_required=pool.sandbox_required, carries_weights=pool.backend.carries_weights
            )
        else:
            folder = self._folders.of(attempt.run)
        return StartRequest(attempt.run.id, folder, attempt.seed, attempt.budget_seconds, attempt.commit, knobs)


def _news(run: Run, report: RunReport, now: float) -> News | None:
    """What is worth writing down of a run that goes on."""
    if report.phase in {Phase.FINISHED, Phase.LOST, Phase.RETURNED}:
        return None
    heartbeat_at = now - report.silent_seconds
    status = RunStatus(report.phase)
    if status is run.status and heartbeat_at < run.heartbeat_at + HEARTBEAT_SECONDS:
        return None
    return News(run, status, heartbeat_at)


def _ended(attempts: Sequence[Attempt], reports: Mapping[str, RunReport]) -> FinishedRuns:
    ended = FinishedRuns()
    for attempt in attempts:
        report = reports[attempt.run.id]
        if report.phase is Phase.FINISHED and report.result is not None:
            log.info("%s finished: %s", attempt.run.id, report.result.status)
            ended.finished.append((attempt, report.result))
        # Without a handle it was never started, and will be now.
        elif report.phase is Phase.LOST and (attempt.run.handle or attempt.cancel_reason is not None):
            log.warning("%s is lost", attempt.run.id)
            ended.lost.append((attempt, "its runner was killed or its machine went down"))
    return ended
