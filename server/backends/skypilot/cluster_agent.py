"""One cluster's life: it is launched, its host is listened to, it is watched, and it is torn down.

Three tasks attend to a cluster: one sends (`delivery`), one follows the host's log, one watches. They share only the records.
When a task meets an error that may mean that the cluster is broken, it wakes the watch, which asks the infrastructure itself.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import anyio

from .api import SkyError
from .context import PoolContext
from .delivery import Deliveries
from .host_log import HostLogReader
from .scripts import check_command, machine_of
from .state import ClusterRecord
from .wakeup import Wakeup

RETRY_SECONDS = 5.0
"""Wait after a call that SkyPilot couldn't answer."""
SLOW_LAUNCH_SECONDS = 180.0
"""Time after which a launch is reported as slow, so that runs which wait for it may go to other pools."""
PENDING_SECONDS = 20.0
"""Time between two questions for the reason why a launch waits."""
WATCH_SECONDS = 30.0
"""Time between two checks of a cluster."""
SUSPECT_SECONDS = 10.0
"""Time between two checks of a cluster that wasn't up at the last one."""
CONFIRM_SECONDS = 2.0
"""Time between two questions whether a cluster that was torn down is gone."""
MIN_ABSENT_ANSWERS = 2
"""Answers in a row that a cluster doesn't exist; then it is believed gone. A single one has been wrong (skypilot #10457)."""
LOST_SECONDS = 120.0
"""Time after which the runs of a cluster that SkyPilot has lost are given to others, although the cluster may still be up."""
MAX_UNHEALTHY_CHECKS = 4
"""Checks in a row at which a cluster wasn't up; then it is torn down."""
MAX_BROKEN_CALLS = 5
"""Calls in a row that failed on the cluster itself; then it is torn down."""
MAX_SILENT_HOSTS = 3
"""Hosts in a row that ended without having reported anything; then the cluster is torn down."""
JOB_ENDED = frozenset({"SUCCEEDED", "FAILED", "FAILED_DRIVER", "FAILED_SETUP", "CANCELLED"})
"""The final states of a job of SkyPilot's."""

log = logging.getLogger(__name__)


class ClusterAgent:
    """Attends to one cluster.

    Args:
        name: The cluster's name.
        context: What the clusters of the pool share.

    Attributes:
        is_held: Whether the cluster is to stay up without anything to do.
    """

    def __init__(self, name: str, context: PoolContext) -> None:
        self.name = name
        self.is_held = False
        self._context = context
        self._records = context.records
        self._sky = context.sky
        self._reader = HostLogReader(name, context)
        self._deliveries = Deliveries(name, context, self._reader)
        self._suspicion = Wakeup()
        self._silent_hosts = 0
        self._broken_calls = 0
        self._absent_answers = 0
        self._pending_reason = ""
        self._lost_at: float | None = None
        self._idle_since = time.monotonic()
        self._given_up = False

    @property
    def _record(self) -> ClusterRecord:
        return self._records.cluster(self.name)

    def _update(self, **changes: Any) -> None:  # noqa: ANN401
        self._records.update_cluster(self.name, **changes)

    def wake(self) -> None:
        """Look for something to send to the cluster."""
        self._deliveries.wake()

    def give_up(self, reason: str) -> None:
        """Tear the cluster down, even if runs are on it."""
        if not self._given_up:
            log.info("%s is given up: %s", self.name, reason)
            self._given_up = True
            self._update(status="failed", note=reason)
            self._suspicion.set()

    async def attend(self) -> None:
        """Attend to the cluster until it is gone."""
        if self._record.status == "failed":  # an earlier dispatcher gave it up
            self._given_up = True
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._serve)
            await self._watch()
            tasks.cancel_scope.cancel()
        if self._record.status != "gone":
            await self._tear_down()
        self._release_runs()

    async def _serve(self) -> None:
        if self._record.status == "starting":
            await self._launch()
        if not self._given_up:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._deliveries.send, self._suspect)
                tasks.start_soon(self._listen)

    # --- launching

    async def _launch(self) -> None:
        """Launch the cluster, or give it up if that fails. A slow launch is noted, so that runs needn't wait for it."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._note_slow_launch)
            tasks.start_soon(self._note_pending_reason)
            await self._bring_up()
            tasks.cancel_scope.cancel()

    async def _note_slow_launch(self) -> None:
        while True:
            await anyio.sleep(SLOW_LAUNCH_SECONDS)
            if not self._pending_reason:
                minutes = (time.time() - self._record.launched_at) / 60
                asked_for = f"{self._record.infra} was asked for {self._record.gpus} GPUs {minutes:.0f} minutes ago"
                self._update(note=f"{asked_for} and has not answered yet")

    async def _note_pending_reason(self) -> None:
        """Note what the scheduler says of a launch that waits, word for word. The launch keeps its place in the queue."""
        while True:
            await anyio.sleep(PENDING_SECONDS)
            try:
                reason = await self._sky.pending_reason(self.name)
            except SkyError as error:
                log.info("The reason why %s waits is unknown: %s", self.name, error.problem)
                continue
            if reason and reason != self._pending_reason:
                self._pending_reason = reason
                gpus = f"{self._record.gpus} {self._context.settings.gpu}"
                self._update(note=f"{self._record.infra} has not given {gpus} yet: {reason}")

    async def _bring_up(self) -> None:
        while True:
            try:
                price = await self._sky.launch(self.name, machine_of(self._context.settings, self._record.infra))
            except SkyError as error:
                log.warning("%s could not be launched: %s", self.name, error)
                if error.trouble == "away":
                    self._update(note=str(error))
                    await anyio.sleep(RETRY_SECONDS)
                    continue
                self._context.backoff.on_failure(self._record.infra, str(error))
                self.give_up(str(error))
            else:
                log.info("%s is up", self.name)
                self._update(status="up", note="", price=price)
                self._idle_since = time.monotonic()
                self._context.changed.set()
            return

    # --- listening

    async def _listen(self) -> None:
        while True:
            job = self._record.job
            if job is None:
                await self._deliveries.host_started.wait()
                continue
            try:
                status = await self._follow(job)
            except SkyError as error:
                log.info("The log of %s was cut: %s", self.name, error.problem)
                self._suspect(error)
            else:
                if status is None or status in JOB_ENDED:
                    self._on_host_end(job, status)
                    continue
            self._reader.is_heard = False
            await anyio.sleep(RETRY_SECONDS)

    async def _follow(self, job: int) -> str | None:
        """Read a host's log until it ends, and return the state of the host's job then."""
        self._reader.restart()
        async for line in self._sky.follow(self.name, job):
            self._reader.on_line(line, job)
            self._broken_calls = 0
        return "SUCCEEDED" if self._reader.is_idle else await self._sky.job_status(self.name, job)

    def _on_host_end(self, job: int, status: str | None) -> None:
        """Let another host start if there is something to do, unless the set-up fails again and again."""
        log.info("The host of %s, job %d, has ended: %s", self.name, job, status)
        self._reader.lose_doubtful()
        self._update(job=None)
        self._silent_hosts = 0 if self._reader.is_heard else self._silent_hosts + 1
        if self._silent_hosts and (status == "FAILED" or self._silent_hosts >= MAX_SILENT_HOSTS):
            reason = "; ".join(self._reader.other_lines) or f"its job ended as {status} and printed nothing"
            self._context.backoff.on_failure(self._record.infra, f"set-up failed: {reason}")
            self.give_up(f"its set-up failed: {reason}")
        elif status != "SUCCEEDED":
            self._suspicion.set()
        self._reader.is_heard = False
        self._deliveries.wake()

    # --- watching

    def _suspect(self, error: SkyError) -> None:
        """Have the cluster checked: it may be broken, or only the connection to it."""
        self._broken_calls = self._broken_calls + 1 if error.trouble == "broken" else 0
        if self._broken_calls >= MAX_BROKEN_CALLS:
            self.give_up(f"it answers, but SkyPilot's part of it is broken: {error.problem}")
        elif error.trouble != "away":
            self._suspicion.set()

    async def _watch(self) -> None:
        """Check the cluster until it is gone or given up. Without a suspicion, a host that reports is proof enough."""
        unhealthy_checks = 0
        while not self._given_up:
            is_suspected = await self._suspicion.wait(SUSPECT_SECONDS if unhealthy_checks else WATCH_SECONDS)
            if self._given_up or self._record.status == "starting":
                continue
            self._deliveries.repeat_unreported()
            await self._prolong()
            if self._reader.is_heard and not is_suspected:
                unhealthy_checks = 0
                continue
            try:
                status = (await self._sky.status([self.name])).get(self.name)
            except SkyError as error:
                log.info("%s can't be checked: %s", self.name, error.problem)
                continue
            if status is None:
                if await self._is_gone_unasked():
                    return
                await anyio.sleep(SUSPECT_SECONDS)
                self._suspicion.set()
                continue
            self._on_seen()
            unhealthy_checks = 0 if status.status == "UP" else unhealthy_checks + 1
            if unhealthy_checks >= MAX_UNHEALTHY_CHECKS or status.status == "STOPPED":
                self.give_up(f"it is {status.status}: {status.reason}" if status.reason else f"it is {status.status}")

    async def _is_gone_unasked(self) -> bool:
        """Note that SkyPilot has no such cluster, though nobody here ended it, and return whether it is believed gone.

        Until then it is lost: it may be up and cost money, so it stays on the bill. SkyPilot has forgotten clusters that were
        up, and would say so again each time. So the infrastructure itself is asked where it can be.
        """
        exists = await self._exists()
        self._absent_answers = 0 if exists else self._absent_answers + 1
        command = check_command(self._record.infra, self.name)
        if self._absent_answers >= MIN_ABSENT_ANSWERS:
            witness = "SkyPilot says so; to make sure: " if exists is None else "its queue has no such job: "
            log.info("%s is gone", self.name)
            self._update(status="gone", ended_at=time.time(), note=f"it ended by itself; {witness}{command}")
            return True
        if self._lost_at is None:
            self._lost_at = time.monotonic()
        elif time.monotonic() - self._lost_at >= LOST_SECONDS:
            self._release_runs()
        witness = f", and {self._record.infra} itself still has it" if exists else ""
        note = f"SkyPilot no longer knows it, and labhand has not ended it{witness}: it may be up and cost money. {command}"
        self._update(status="lost", note=note)
        self._context.changed.set()
        return False

    def _on_seen(self) -> None:
        """SkyPilot knows the cluster. If it was lost, it is back."""
        self._absent_answers = 0
        if self._lost_at is not None:
            log.info("%s is back", self.name)
            self._lost_at = None
            self._update(status="up", note="")

    async def _exists(self) -> bool | None:
        """Return whether the infrastructure itself has the cluster; None if it can't be asked."""
        try:
            return (await self._sky.exist({self.name: self._record.infra})).get(self.name)
        except SkyError as error:
            log.info("%s can't be asked about %s: %s", self._record.infra, self.name, error.problem)
            return None

    async def _prolong(self) -> None:
        """Restart the idle time of a cluster that is held, before SkyPilot tears it down for having nothing to do.

        Nothing does so after this process has ended, so a cluster that nobody looks after goes by itself.
        """
        due = self._idle_since + 30.0 * self._context.settings.idle_minutes  # half of the idle time
        if not self.is_held or self._reader.is_heard or time.monotonic() < due:
            return
        try:
            await self._sky.prolong(self.name, self._context.settings.idle_minutes)
        except SkyError as error:
            log.info("The idle time of %s could not be restarted: %s", self.name, error.problem)
        else:
            self._idle_since = time.monotonic()

    # --- the end

    async def _tear_down(self) -> None:
        """Tear the cluster down, and try again until two answers say that it is gone.

        The infrastructure itself is asked where it can be: SkyPilot has reported success while a Slurm job kept its GPUs
        (skypilot #10296).
        """
        absent_answers = 0
        while absent_answers < MIN_ABSENT_ANSWERS:
            try:
                await self._sky.down(self.name)
                is_known = self.name in await self._sky.status([self.name])
            except SkyError as error:
                log.warning("%s can't be torn down yet: %s", self.name, error.problem)
                is_known = True
            exists = is_known or await self._exists()
            absent_answers = 0 if exists else absent_answers + 1
            if exists and not is_known:
                command = check_command(self._record.infra, self.name)
                self._update(note=f"SkyPilot says that it is down, but {self._record.infra} still has it: {command}")
            await anyio.sleep(RETRY_SECONDS if exists else CONFIRM_SECONDS)
        log.info("%s is torn down", self.name)
        self._update(status="gone", ended_at=time.time())

    def _release_runs(self) -> None:
        """The cluster is gone: runs that were on it are lost, and runs that weren't there yet go to other clusters."""
        for placement in self._records.placements_on(self.name):
            if placement.state == "there" or self._context.take_stored(placement.run):
                self._reader.lose(placement, "its cluster is gone")
            else:
                self._records.save_placement(placement, state="waiting", cluster=None, at=time.time())
        self._context.changed.set()
