"""One cluster, from its launch until it is known to be gone: what is sent to it, what its host says, and whether it is there.

The talking is done by three tasks that meet in the records alone: one sends, one listens, one watches. What one of them finds
odd, it leaves to the watch, which asks the infrastructure itself.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import anyio
from anyio import to_thread

from ...domain import ClusterStatus
from ...errors import LabhandError
from ...settings import SkyPilotPool
from .bell import Bell
from .events import Event, event, words
from .mirror import Mirror
from .records import ClusterRecord, Placement, Records
from .rest import Rest
from .scripts import BATCH_BYTES, Parcel, delivery, hosting, pack, trainer_package
from .words import Job, Machine, Sky, SkyError

TRY_AGAIN_SECONDS = 5.0
"""After a call that SkyPilot couldn't answer."""
GATHER_SECONDS = 0.3
"""For what is placed at the same time to go in one delivery."""
LOST_SECONDS = 90.0
"""After which what was sent is sent again, when no host has told of it."""
WATCH_SECONDS = 60.0
"""Between two looks at a cluster whose host says nothing."""
BROKEN = 5
"""Calls in a row that failed on the cluster itself, after which it is torn down."""
UNWELL = 4
"""Looks in a row at a cluster that isn't up, after which it is torn down."""
SUSPECT_SECONDS = 10.0
"""Between two looks at a cluster with which something is wrong."""
HOST_TRIES = 3
"""Hosts in a row that may end without having said that they are at work."""
LINES = 20
"""Of a log, kept for whoever has to find out why a host didn't start."""
ENDED = frozenset({"SUCCEEDED", "FAILED", "FAILED_DRIVER", "FAILED_SETUP", "CANCELLED"})
HOST: Final = "labhand-host"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Around:
    """What all clusters of a pool share.

    Attributes:
        runs: The lab's run folders.
        storage: Where hosts keep results; None for nowhere.
        seconds: Where durations of runs are noted: by budget, the newest last.
        latency: Where it is noted how long deliveries take.
        changed: Rings when there may be something new to place.
        rest: Where clusters can't be launched at the moment.
    """

    records: Records
    settings: SkyPilotPool
    sky: Sky
    runs: Path
    storage: Path | None
    seconds: dict[float, deque[float]]
    latency: deque[float]
    changed: Bell
    rest: Rest


class Attendant:
    """Attends to one cluster.

    Args:
        name: Of the cluster.
        around: What it shares with the others.
    """

    def __init__(self, name: str, around: Around) -> None:
        self.name = name
        self._around = around
        self._records = around.records
        self._sky = around.sky
        self._work = Bell()
        self._suspicion = Bell()
        self._host_is_due = False
        self._host_failed = 0
        self._hears = False
        self._is_idle = False
        self._broken = 0
        self._given_up: str | None = None
        self._last_words: deque[str] = deque(maxlen=LINES)
        self._settled: list[str] = []

    @property
    def record(self) -> ClusterRecord:
        """The cluster as it is written down."""
        return self._records.cluster(self.name)

    def wake(self) -> None:
        """There is something to send."""
        self._work.ring()

    def give_up(self, why: str, status: ClusterStatus = "failed") -> None:
        """Tear the cluster down, whatever runs on it."""
        if self._given_up is None:
            self._given_up = why
            self._note(status=status, note=why)
            self._suspicion.ring()

    async def attend(self) -> None:
        """Do so until the cluster is gone."""
        if self.record.status == "starting" and not await self._launch():
            return
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._send)
            tasks.start_soon(self._listen)
            await self._watch()
            tasks.cancel_scope.cancel()
        self._part()

    def _note(self, **changes: Any) -> None:  # noqa: ANN401
        self._records.keep(replace(self.record, **changes))

    # --- launching

    def _machine(self) -> Machine:
        settings, record = self._around.settings, self.record
        return Machine(
            infra=record.infra,
            gpu=settings.gpu,
            gpus=record.gpus,
            cpus=max(2, settings.cpus_per_gpu * record.gpus),
            use_spot=settings.use_spot,
            image=settings.image,
            idle_minutes=settings.idle_minutes,
        )

    async def _launch(self) -> bool:
        """Gives whether it is up; otherwise nothing is left of it."""
        while True:
            try:
                price = await self._sky.launch(self.name, self._machine())
            except SkyError as error:
                if error.trouble == "away":
                    self._note(note=str(error))
                    await anyio.sleep(TRY_AGAIN_SECONDS)
                    continue
                log.warning("%s could not be launched: %s", self.name, error)
                self._around.rest.failed(self.record.infra, str(error))
                self._note(status="failed", note=str(error))
                await self._tear_down()
                return False
            log.info("%s is up", self.name)
            self._note(status="up", note="", price=price)
            self._around.changed.ring()
            return True

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
        self._note(status="gone", ended_at=time.time())

    # --- sending

    async def _send(self) -> None:
        while True:
            await self._work.wait()
            await anyio.sleep(GATHER_SECONDS)
            try:
                await self._deliver()
            except SkyError as error:
                log.warning("%s could not be reached: %s", self.name, error.problem)
                self._note(note=error.problem)
                self._doubt(error)
                await anyio.sleep(TRY_AGAIN_SECONDS)
                self._work.ring()

    def _doubt(self, error: SkyError) -> None:
        """Something is wrong with the cluster, or only with the way to it: the watch finds out."""
        self._broken = self._broken + 1 if error.trouble == "broken" else 0
        if self._broken >= BROKEN:
            self.give_up(f"it answers, but SkyPilot's own part of it doesn't: {error.problem}")
        elif error.trouble != "away":
            self._suspicion.ring()

    async def _deliver(self) -> None:
        """Send what is to be sent, in as few jobs as it takes."""
        own = [p for p in self._records.placements() if p.cluster == self.name]
        to_send = [p for p in own if p.state == "placed"]
        cancels = [p.run for p in own if p.cancelled and p.state != "placed"]
        needs_host = self.record.job is None and bool(own)
        if not (to_send or cancels or needs_host):
            return
        parcels = await self._parcels(to_send)
        settled, self._settled = self._settled, []
        script = delivery(self.name, parcels, cancels, settled)
        began = time.time()
        if needs_host:
            storage = None if self._around.storage is None else str(self._around.storage)
            job = self._job(HOST, script + hosting(self._around.settings, storage), host=True)
            number = await self._sky.execute(self.name, job)
            self._hears = False
            self._last_words.clear()
            self._note(job=number, job_at=began, code=trainer_package()[1], note="")
        else:
            await self._sky.execute(self.name, self._job("labhand-delivery", script, host=False))
        sent = {parcel.run for parcel in parcels}
        for placement in self._records.placements():
            if placement.run in sent and placement.state == "placed":
                self._records.place(placement, state="sent", at=began)
        if len(parcels) < len(to_send):
            self._work.ring()

    async def _parcels(self, placements: Sequence[Placement]) -> list[Parcel]:
        """As many as go into one delivery."""
        parcels: list[Parcel] = []
        size = 0
        for placement in placements:
            try:
                parcel = await to_thread.run_sync(pack, self._around.runs / placement.run, placement.order)
            except (OSError, LabhandError) as error:
                self._lose(placement, f"it can't be packed: {error}")
                continue
            size += len(parcel.content)
            if parcels and size > BATCH_BYTES:
                break
            parcels.append(parcel)
        return parcels

    def _job(self, name: str, script: str, *, host: bool) -> Job:
        machine = self._machine()
        # One processor is left for deliveries, which run beside the host.
        return Job(name, script, machine.gpu, machine.gpus if host else 0, machine.cpus - 1 if host else 1)

    # --- listening

    async def _listen(self) -> None:
        while True:
            job = self.record.job
            if job is None:
                await anyio.sleep(1.0)
                continue
            try:
                async for line in self._sky.follow(self.name, job):
                    self._hear(line, job)
                status = "SUCCEEDED" if self._is_idle else await self._sky.job_status(self.name, job)
            except SkyError as error:
                log.info("The log of %s was cut: %s", self.name, error.problem)
                self._doubt(error)
            else:
                if status is None or status in ENDED:
                    self._host_ended(job, status)
                    continue
            self._hears = False
            await anyio.sleep(TRY_AGAIN_SECONDS)

    def _host_ended(self, job: int, status: str | None) -> None:
        """Start another one, where there is still something to do, and the last ones did it."""
        log.info("The host of %s, job %d, has ended: %s", self.name, job, status)
        self._host_failed = 0 if self._hears else self._host_failed + 1
        self._hears = False
        self._note(job=None)
        if self._host_failed and (status == "FAILED" or self._host_failed >= HOST_TRIES):
            told = "; ".join(self._last_words) or f"its job ended as {status} and said nothing"
            self._around.rest.failed(self.record.infra, f"set-up failed: {told}")
            self.give_up(f"its set-up failed: {told}")
        elif status != "SUCCEEDED":
            self._suspicion.ring()
        self._work.ring()

    def _hear(self, line: str, job: int) -> None:
        happened = event(line)
        if happened is None:
            if told := words(line):
                self._last_words.append(told)
            return
        self._hears = True
        self._broken = 0
        self._is_idle = happened.get("host") == "idle"
        if happened.get("host") == "at work":
            self._hear_host(happened, job)
        elif isinstance(alive := happened.get("alive"), dict):
            for run, at in alive.items():
                self._mirror(run).hear_alive(float(at))
        elif isinstance(run := happened.get("run"), str):
            self._hear_run(run, happened)

    def _hear_host(self, happened: Event, job: int) -> None:
        """A host has begun: what lay there before it and isn't there any more is lost."""
        here = set(happened.get("here", ()))
        record = self.record
        self._around.rest.worked(record.infra)
        if record.job != job:
            return
        for placement in self._records.placements():
            if placement.cluster != self.name or placement.run in here or placement.at > record.job_at:
                continue
            if placement.state == "there":
                self._lose(placement, "its cluster has forgotten it")
            elif placement.state == "sent":
                self._records.place(placement, state="placed", at=time.time())
                self._work.ring()

    def _mirror(self, run: str) -> Mirror:
        return Mirror(self._around.runs / run)

    def _hear_run(self, run: str, happened: Event) -> None:
        placement = self._records.placement(run)
        if placement is None or placement.cluster != self.name:
            if run not in self._settled:
                self._settled.append(run)
            return
        if placement.state in {"placed", "sent"}:
            self._around.latency.append(max(0.0, time.time() - placement.at))
            placement = replace(placement, state="there", at=time.time())
            self._records.place(placement)
        self._hear_of(placement, happened)

    def _hear_of(self, placement: Placement, happened: Event) -> None:
        mirror, at = self._mirror(placement.run), float(happened["t"])
        match happened:
            case {"phase": str(phase)}:
                mirror.hear_phase(phase, at)
                gpu, since = happened.get("gpu"), happened.get("since")
                self._records.place(placement, gpu=gpu if gpu is None else str(gpu), since=since)
            case {"points": list(points)}:
                mirror.hear_points(points, at)
            case {"log": str(packed)}:
                mirror.hear_log(packed)
            case {"sealed": dict(told)}:
                mirror.hear_sealed(told)
            case {"result": dict(result)}:
                mirror.hear_result(result)
                self._settle(placement, result)
            case {"lost": str(why)}:
                self._lose(placement, why)
            case _:
                log.warning("%s: %s", placement.run, happened.get("trouble"))

    def _settle(self, placement: Placement, result: Mapping[str, Any]) -> None:
        """A run is over."""
        self._records.forget(placement.run)
        self._settled.append(placement.run)
        if result.get("status") == "succeeded" and (held := result.get("seconds", {}).get("held")):
            self._around.seconds.setdefault(placement.budget_seconds, deque(maxlen=16)).append(float(held))
        self._around.changed.ring()

    def _lose(self, placement: Placement, why: str) -> None:
        storage = self._around.storage
        if storage is None or not self._mirror(placement.run).take_kept(storage / placement.run):
            log.warning("%s is lost: %s", placement.run, why)
        self._records.forget(placement.run)
        self._around.changed.ring()

    # --- watching

    async def _watch(self) -> None:
        """Until the cluster is known to be gone."""
        unwell = 0
        while True:
            suspected = await self._suspicion.wait(SUSPECT_SECONDS if unwell else WATCH_SECONDS)
            if self._given_up is not None:
                await self._tear_down()
                return
            self._send_again()
            if self._hears and not suspected:
                unwell = 0
                continue
            try:
                seen = (await self._sky.status([self.name])).get(self.name)
            except SkyError as error:
                log.info("%s can't be looked at: %s", self.name, error.problem)
                await anyio.sleep(TRY_AGAIN_SECONDS)
                continue
            if seen is None:
                log.info("%s is gone", self.name)
                self._note(status="gone", ended_at=time.time())
                return
            unwell = 0 if seen.status == "UP" else unwell + 1
            if unwell >= UNWELL or seen.status == "STOPPED":
                self.give_up(f"it is {seen.status}: {seen.reason}" if seen.reason else f"it is {seen.status}")

    def _send_again(self) -> None:
        """What no host has told of was perhaps never delivered."""
        now = time.time()
        for placement in self._records.placements():
            if (
                placement.cluster == self.name
                and placement.state == "sent"
                and now - placement.at > LOST_SECONDS
                and self._hears
            ):
                self._records.place(placement, state="placed", at=now)
                self._work.ring()

    def _part(self) -> None:
        """The cluster is gone: what ran there is lost, what didn't yet goes elsewhere."""
        for placement in self._records.placements():
            if placement.cluster != self.name:
                continue
            if placement.state == "there":
                self._lose(placement, "its cluster is gone")
            else:
                self._records.place(placement, state="waiting", cluster=None, at=time.time())
        self._around.changed.ring()
