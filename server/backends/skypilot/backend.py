"""The `skypilot` backend: a pool of clusters that are launched as the queue needs them.

Whoever asks is answered from the disk; the talking to SkyPilot goes on beside, in tasks that this object owns from being
entered until it is left. Of several that are entered for the same pool, one acts, and the others wait until it leaves.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
from typing_extensions import override

from ...domain import Cluster, Pool, Run
from ...errors import NoCapacityError
from ...settings import SkyPilotPool
from ..protocol import Backend, Report, RunSpec
from ..run_folder import RunFolder
from .attendant import Around, Attendant
from .bell import Bell
from .mirror import Mirror, cancelled
from .planning import Horizon, Plan
from .records import ClusterRecord, Placement, Records
from .rest import Rest
from .scripts import pack, trainer_package
from .words import Sky

TICK_SECONDS = 0.5
TROUBLE_SECONDS = 10.0
"""Before a cluster that could not be attended to is tried again."""
STARTUP_SECONDS = 15.0
"""What a run takes beside its budget, until its like have been seen."""
LEAST_LEAD, MOST_LEAD = 20.0, 120.0
"""Seconds before a GPU gets free at which its next run is sent: twice what deliveries take, within these bounds."""
FOLDER = "clusters"
_STARTED: Mapping[str, Any] = {"started": True}
"""A handle: the records and the run's folder tell everything else."""

log = logging.getLogger(__name__)


class SkyPilotBackend(Backend):
    """A pool of clusters.

    Args:
        name: Of the pool.
        settings: Of the pool.
        runs: The lab's run folders.
        sky: SkyPilot.
    """

    def __init__(self, name: str, settings: SkyPilotPool, runs: Path, sky: Sky) -> None:
        self._name = name
        self._settings = settings
        self._runs = runs.resolve()
        self._records = Records(self._runs.parent / FOLDER, name)
        self._rest = Rest([settings.infra] if isinstance(settings.infra, str) else settings.infra)
        storage = None if settings.storage is None else settings.storage.expanduser() / self._records.lab
        self._around = Around(self._records, settings, sky, self._runs, storage, {}, deque([8.0], maxlen=8), Bell(), self._rest)
        self._attendants: dict[str, Attendant] = {}
        self._wanted: int | None = None
        self._price = settings.usd_per_hour
        self._tasks = anyio.create_task_group()

    # --- what is answered at once

    @override
    async def pool(self) -> Pool:
        return Pool(
            name=self._name,
            backend="skypilot",
            gpu=self._settings.gpu,
            clock="wall",
            slots=self._settings.max_clusters * self._settings.gpus_per_cluster,
            usd_per_hour=self._price or 0.0,
            note=self._note(),
            as_of=time.time(),
            most_clusters=self._settings.max_clusters,
        )

    def _note(self) -> str:
        """Why nothing can run; a pool with a cluster that is up can be used, whatever became of others."""
        live = self._records.live()
        if any(record.status == "up" for record in live):
            return ""
        return next((f"{record.name}: {record.note}" for record in live if record.note), self._rest.why)

    def _limit(self) -> int:
        """Clusters that there may be."""
        return self._settings.max_clusters if self._wanted is None else self._wanted

    @override
    async def free(self) -> int:
        placements = self._records.placements()
        live = self._records.live()
        up = [record for record in live if _takes_runs(record)]
        waiting = sum(p.state == "waiting" for p in placements)
        to_come = max(0, self._limit() - len(up)) * self._settings.gpus_per_cluster
        room = self._plan(up, placements).room(Placement("", "waiting", 0.0, self._usual_budget(placements)))
        return max(0, to_come + room - waiting)

    def _usual_budget(self, placements: Sequence[Placement]) -> float:
        return placements[-1].budget_seconds if placements else 0.0

    @override
    async def start(self, spec: RunSpec) -> Mapping[str, Any]:
        placement = self._records.placement(spec.id)
        if (placement is not None and placement.state != "returned") or Mirror(spec.folder).is_over:
            return _STARTED
        await anyio.to_thread.run_sync(pack, spec.folder, 0.0)  # so that what can't travel is refused now
        if not await self.free():
            raise NoCapacityError(f"All GPUs of pool {self._name} are taken", "Wait for a run to end")
        now = time.time()
        self._records.place(Placement(spec.id, "waiting", now, spec.budget_seconds, at=now))
        self._around.changed.ring()
        return _STARTED

    @override
    async def poll(self, runs: Sequence[Run]) -> Mapping[str, Report]:
        return {run.id: self._report(run.id) for run in runs}

    def _report(self, run: str) -> Report:
        folder = RunFolder(self._runs / run)
        placement = self._records.placement(run)  # before the result: it goes when that has come
        result = folder.result()
        if result is not None:
            return Report("finished", result)
        if placement is None:
            return Report("lost")
        if placement.state == "returned":
            return Report("returned")
        return Report(folder.phase(), silent_seconds=folder.silent_seconds())

    @override
    async def cancel(self, run: Run) -> None:
        placement = self._records.placement(run.id)
        if placement is None or placement.cancelled:
            return
        if placement.state in {"waiting", "returned"}:
            Mirror(self._runs / run.id).hear_result(cancelled(run.id))
            self._records.forget(run.id)
            return
        self._records.place(placement, cancelled=True)
        if attendant := self._attendants.get(placement.cluster or ""):
            attendant.wake()

    @override
    async def clusters(self) -> Sequence[Cluster]:
        return [self._cluster(record) for record in self._records.clusters()]

    @override
    async def remaining(self) -> Sequence[str]:
        names = [record.name for record in self._records.clusters()]
        return sorted(await self._around.sky.status(names)) if names else []

    def _cluster(self, record: ClusterRecord) -> Cluster:
        own = self._settings.usd_per_hour
        return Cluster(
            name=record.name,
            pool=self._name,
            gpus=record.gpus,
            status=record.status,
            usd_per_hour=record.price if own is None else own * record.gpus,
            launched_at=record.launched_at,
            ended_at=record.ended_at,
            note=record.note,
        )

    @override
    async def scale(self, clusters: int | None) -> None:
        self._wanted = clusters
        self._around.changed.ring()

    # --- what goes on beside

    @override
    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._act)
        return self

    @override
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._tasks.cancel_scope.cancel()
        return await self._tasks.__aexit__(kind, error, trace)

    async def _act(self) -> None:
        """Act on the pool, as soon as nobody else does."""
        while (lock := self._records.lock()) is None:  # noqa: ASYNC110 - another process holds it
            await anyio.sleep(TICK_SECONDS)
        try:
            while True:
                self._launch()
                for record in self._records.live():
                    if record.name not in self._attendants:
                        self._attend(record.name)
                self._place()
                self._shrink()
                self._give_back()
                await self._around.changed.wait(TICK_SECONDS)
        finally:
            os.close(lock)

    def _plan(self, up: Sequence[ClusterRecord], placements: Sequence[Placement]) -> Plan:
        lead = min(MOST_LEAD, max(LEAST_LEAD, 2 * sum(self._around.latency) / len(self._around.latency)))
        known = {budget: min(seconds) for budget, seconds in self._around.seconds.items()}
        return Plan({r.name: r.gpus for r in up}, placements, Horizon(lead, STARTUP_SECONDS, known), time.time())

    def _place(self) -> None:
        """Give what waits to clusters, not sooner than needed."""
        placements = self._records.placements()
        plan = self._plan([record for record in self._records.live() if _takes_runs(record)], placements)
        for placement in placements:
            if placement.state != "waiting":
                continue
            if (cluster := plan.place(placement)) is None:
                return
            self._records.place(placement, state="placed", cluster=cluster, at=time.time())
            self._attendants[cluster].wake()

    def _launch(self) -> None:
        """Launch clusters for what can't be placed on those that there are."""
        infra = self._rest.choice
        if infra is None:
            return
        live = self._records.live()
        coming = sum(record.gpus for record in live if record.status == "starting")
        waiting = sum(p.state == "waiting" for p in self._records.placements())
        needed = math.ceil(max(0, waiting - coming) / self._settings.gpus_per_cluster)
        if self._wanted is not None:
            needed = self._wanted - len(live)
        for _ in range(min(needed, self._limit() - len(live))):
            now = time.time()
            record = ClusterRecord(self._records.new_name(), infra, self._settings.gpus_per_cluster, "starting", now)
            self._records.keep(record)
            log.info("%s is launched on %s", record.name, infra)

    def _shrink(self) -> None:
        """Give up the clusters that are too many, those with the least to do first."""
        if self._wanted is None:
            return
        live = [record for record in self._records.live() if record.status != "failed"]
        load = [p.cluster for p in self._records.placements()]
        for record in sorted(live, key=lambda one: load.count(one.name))[: max(0, len(live) - self._wanted)]:
            if attendant := self._attendants.get(record.name):
                attendant.give_up("given up")

    def _attend(self, name: str) -> None:
        self._attendants[name] = Attendant(name, self._around)
        self._attendants[name].wake()
        self._tasks.start_soon(self._attend_to, self._attendants[name])

    async def _attend_to(self, attendant: Attendant) -> None:
        try:
            await attendant.attend()
        except Exception:  # a boundary: one cluster's trouble must not stop the others
            log.exception("%s is attended to anew", attendant.name)
            await anyio.sleep(TROUBLE_SECONDS)
        del self._attendants[attendant.name]
        self._around.changed.ring()

    def _give_back(self) -> None:
        """While nothing can run here, what waits may go to other pools."""
        if self._note():
            for placement in self._records.placements():
                if placement.state == "waiting":
                    self._records.place(placement, state="returned", at=time.time())


def _takes_runs(record: ClusterRecord) -> bool:
    """Whether a cluster is up, and trains with the code that is installed here."""
    return record.status == "up" and record.code in {"", trainer_package()[1]}
