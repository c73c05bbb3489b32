"""One cluster, from its launch until it is known to be gone: what is sent to it, what its host says, and whether it is there.

The talking is done by three tasks that meet in the records alone: one sends, one listens, one watches. What one of them finds
odd, it leaves to the watch, which asks the infrastructure itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import anyio
from anyio import to_thread

from ...errors import LabhandError
from .api import Job, SkyError
from .context import PoolContext
from .host_log import HostLogReader
from .scripts import BATCH_BYTES, RunBundle, delivery, hosting, machine, pack, trainer_package
from .state import ClusterRecord, Placement
from .wakeup import Wakeup

TRY_AGAIN_SECONDS = 5.0
"""After a call that SkyPilot couldn't answer."""
LONG_SECONDS = 180.0
"""After which a launch is said to take long: what waits for it may then go to other pools."""
GATHER_SECONDS = 0.3
"""For what is placed at the same time to go in one delivery."""
UNHEARD_SECONDS = 90.0
"""After which what was sent is sent again, when no host has told of it."""
WATCH_SECONDS = 30.0
"""Between two looks at a cluster whose host says nothing."""
SUSPECT_SECONDS = 10.0
"""Between two looks at a cluster with which something is wrong."""
UNWELL = 4
"""Looks in a row at a cluster that isn't up, after which it is torn down."""
BROKEN = 5
"""Calls in a row that failed on the cluster itself, after which it is torn down."""
HOST_TRIES = 3
"""Hosts in a row that may end without a word."""
ENDED = frozenset({"SUCCEEDED", "FAILED", "FAILED_DRIVER", "FAILED_SETUP", "CANCELLED"})
HOST: Final = "labhand-host"
DELIVERY: Final = "labhand-delivery"

log = logging.getLogger(__name__)


class ClusterAgent:
    """Attends to one cluster.

    Args:
        name: Of the cluster.
        around: What it shares with the others.

    Attributes:
        is_held: The cluster is to stay, with or without anything to do.
    """

    def __init__(self, name: str, around: PoolContext) -> None:
        self.name = name
        self.is_held = False
        self._around = around
        self._records = around.records
        self._sky = around.sky
        self._hearing = HostLogReader(name, around)
        self._work = Wakeup()
        self._suspicion = Wakeup()
        self._hosted = Wakeup()
        self._mute_hosts = 0
        self._broken = 0
        self._stayed_at = time.monotonic()
        self._given_up = False

    @property
    def _record(self) -> ClusterRecord:
        return self._records.cluster(self.name)

    def _note(self, **changes: Any) -> None:  # noqa: ANN401
        self._records.keep(replace(self._record, **changes))

    def wake(self) -> None:
        """There is something to send."""
        self._work.ring()

    def give_up(self, why: str) -> None:
        """Tear the cluster down, whatever runs on it."""
        if not self._given_up:
            log.info("%s is given up: %s", self.name, why)
            self._given_up = True
            self._note(status="failed", note=why)
            self._suspicion.ring()

    async def attend(self) -> None:
        """Do so until the cluster is gone."""
        if self._record.status == "failed":  # an earlier dispatcher gave it up
            self._given_up = True
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._live)
            await self._watch()
            tasks.cancel_scope.cancel()
        if self._record.status != "gone":
            await self._tear_down()
        self._part()

    async def _live(self) -> None:
        if self._record.status == "starting":
            await self._launch()
        if not self._given_up:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._send)
                tasks.start_soon(self._listen)

    # --- launching

    async def _launch(self) -> None:
        """Until it is up, or can't be brought up; what takes long is said, so that nobody waits for it alone."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._say_that_it_takes_long)
            await self._bring_up()
            tasks.cancel_scope.cancel()

    async def _say_that_it_takes_long(self) -> None:
        while True:
            await anyio.sleep(LONG_SECONDS)
            minutes = (time.time() - self._record.launched_at) / 60
            self._note(
                note=f"asked {self._record.infra} for {self._record.gpus} GPUs {minutes:.0f} minutes ago, and still waits"
            )

    async def _bring_up(self) -> None:
        while True:
            try:
                price = await self._sky.launch(self.name, machine(self._around.settings, self._record.infra))
            except SkyError as error:
                log.warning("%s could not be launched: %s", self.name, error)
                if error.trouble == "away":
                    self._note(note=str(error))
                    await anyio.sleep(TRY_AGAIN_SECONDS)
                    continue
                self._around.rest.failed(self._record.infra, str(error))
                self.give_up(str(error))
            else:
                log.info("%s is up", self.name)
                self._note(status="up", note="", price=price)
                self._stayed_at = time.monotonic()
                self._around.changed.ring()
            return

    # --- sending

    async def _send(self) -> None:
        while True:
            await self._work.wait()
            await anyio.sleep(GATHER_SECONDS)
            try:
                await self._deliver()
            except SkyError as error:
                log.warning("Nothing could be sent to %s: %s", self.name, error.problem)
                self._note(note=error.problem)
                self._doubt(error)
                await anyio.sleep(TRY_AGAIN_SECONDS)
                self._work.ring()

    async def _deliver(self) -> None:
        """Send what is to be sent, in one job, and start a host in the same where there is none."""
        for placement in self._own():
            if placement.cancelled and placement.state == "placed":
                self._around.end_unseen(placement.run)
        own = self._own()
        to_send = [p for p in own if p.state == "placed"]
        cancels = sorted({p.run for p in own if p.cancelled} | self._hearing.strays)
        needs_host = self._record.job is None and bool(own)
        if not (to_send or cancels or needs_host):
            return
        parcels = await self._parcels(to_send)
        settled = sorted(self._hearing.settled)
        script = delivery(self.name, parcels, cancels, settled)
        began = time.time()
        if needs_host:
            await self._start_host(script, began)
        else:
            await self._sky.execute(self.name, self._job(DELIVERY, script))
        self._hearing.settled.difference_update(settled)
        sent = {parcel.run for parcel in parcels}
        for placement in self._own():
            if placement.run in sent and placement.state == "placed":
                self._records.place(placement, state="sent", at=began)
        if len(parcels) < len(to_send):
            self._work.ring()

    def _own(self) -> list[Placement]:
        return [placement for placement in self._records.placements() if placement.cluster == self.name]

    async def _start_host(self, script: str, began: float) -> None:
        storage = None if self._around.storage is None else str(self._around.storage)
        script += hosting(self._around.settings, storage)
        job = await self._sky.execute(self.name, self._job(HOST, script, gpus=self._record.gpus))
        self._note(job=job, job_at=began, code=trainer_package()[1], note="")
        self._hosted.ring()

    async def _parcels(self, placements: Sequence[Placement]) -> list[RunBundle]:
        """As many as go into one delivery."""
        parcels: list[RunBundle] = []
        size = 0
        for placement in placements:
            try:
                parcel = await to_thread.run_sync(pack, self._around.runs / placement.run, placement.order)
            except (OSError, LabhandError) as error:
                self._hearing.lose(placement, f"it can't be packed: {error}")
                continue
            size += len(parcel.content)
            if parcels and size > BATCH_BYTES:
                break
            parcels.append(parcel)
        return parcels

    def _job(self, name: str, script: str, gpus: int = 0) -> Job:
        # One processor is left for deliveries, which run beside the host.
        cpus = machine(self._around.settings, self._record.infra).cpus - 1
        return Job(name, script, self._around.settings.gpu, gpus, cpus if gpus else 1)

    # --- listening

    async def _listen(self) -> None:
        while True:
            job = self._record.job
            if job is None:
                await self._hosted.wait()
                continue
            try:
                status = await self._follow(job)
            except SkyError as error:
                log.info("The log of %s was cut: %s", self.name, error.problem)
                self._doubt(error)
            else:
                if status is None or status in ENDED:
                    self._host_ended(job, status)
                    continue
            self._hearing.is_heard = False
            await anyio.sleep(TRY_AGAIN_SECONDS)

    async def _follow(self, job: int) -> str | None:
        """Hear what a host says until its log ends; gives the status of its job then."""
        self._hearing.begin()
        async for line in self._sky.follow(self.name, job):
            self._hearing.hear(line, job)
            self._broken = 0
        return "SUCCEEDED" if self._hearing.is_idle else await self._sky.job_status(self.name, job)

    def _host_ended(self, job: int, status: str | None) -> None:
        """Start another one, where there is still something to do and the last ones did it."""
        log.info("The host of %s, job %d, has ended: %s", self.name, job, status)
        self._note(job=None)
        self._mute_hosts = 0 if self._hearing.is_heard else self._mute_hosts + 1
        if self._mute_hosts and (status == "FAILED" or self._mute_hosts >= HOST_TRIES):
            told = "; ".join(self._hearing.last_words) or f"its job ended as {status} and said nothing"
            self._around.rest.failed(self._record.infra, f"set-up failed: {told}")
            self.give_up(f"its set-up failed: {told}")
        elif status != "SUCCEEDED":
            self._suspicion.ring()
        self._hearing.is_heard = False
        self._work.ring()

    # --- watching

    def _doubt(self, error: SkyError) -> None:
        """Something is wrong with the cluster, or only with the way to it: the watch finds out."""
        self._broken = self._broken + 1 if error.trouble == "broken" else 0
        if self._broken >= BROKEN:
            self.give_up(f"it answers, but SkyPilot's own part of it doesn't: {error.problem}")
        elif error.trouble != "away":
            self._suspicion.ring()

    async def _watch(self) -> None:
        """Until the cluster is known to be gone, or is given up."""
        unwell = 0
        while not self._given_up:
            is_suspected = await self._suspicion.wait(SUSPECT_SECONDS if unwell else WATCH_SECONDS)
            if self._given_up or self._record.status == "starting":
                continue
            self._send_again()
            await self._keep_it()
            if self._hearing.is_heard and not is_suspected:
                unwell = 0
                continue
            try:
                seen = (await self._sky.status([self.name])).get(self.name)
            except SkyError as error:
                log.info("%s can't be looked at: %s", self.name, error.problem)
                continue
            if seen is None:
                log.info("%s is gone", self.name)
                self._note(status="gone", ended_at=time.time())
                return
            unwell = 0 if seen.status == "UP" else unwell + 1
            if unwell >= UNWELL or seen.status == "STOPPED":
                self.give_up(f"it is {seen.status}: {seen.reason}" if seen.reason else f"it is {seen.status}")

    def _send_again(self) -> None:
        """What no host has told of was perhaps never delivered; what the lab has given up goes on."""
        now = time.time()
        if self._hearing.strays:
            self._work.ring()
        for placement in self._own() if self._hearing.is_heard else ():
            if placement.state == "sent" and now - placement.at > UNHEARD_SECONDS:
                self._records.place(placement, state="placed", at=now)
                self._work.ring()

    async def _keep_it(self) -> None:
        """Keep a cluster that is held from being torn down for having nothing to do, as long as this process lives."""
        due = self._stayed_at + 30.0 * self._around.settings.idle_minutes
        if not self.is_held or self._hearing.is_heard or time.monotonic() < due:
            return
        try:
            await self._sky.stay(self.name, self._around.settings.idle_minutes)
        except SkyError as error:
            log.info("%s may go: %s", self.name, error.problem)
        else:
            self._stayed_at = time.monotonic()

    # --- the end

    async def _tear_down(self) -> None:
        """Until nothing of it is left."""
        while True:
            try:
                await self._sky.down(self.name)
                if self.name not in await self._sky.status([self.name]):
                    break
            except SkyError as error:
                log.warning("%s can't be torn down yet: %s", self.name, error.problem)
            await anyio.sleep(TRY_AGAIN_SECONDS)
        log.info("%s is torn down", self.name)
        self._note(status="gone", ended_at=time.time())

    def _part(self) -> None:
        """The cluster is gone: what ran there is lost, what didn't yet goes elsewhere."""
        for placement in self._own():
            if placement.state == "there" or self._around.has_kept(placement.run):
                self._hearing.lose(placement, "its cluster is gone")
            else:
                self._records.place(placement, state="waiting", cluster=None, at=time.time())
        self._around.changed.ring()
