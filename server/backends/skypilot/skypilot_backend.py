"""The `skypilot` backend: a pool of clusters that are launched as the queue needs them.

Questions are answered from the records. SkyPilot is called in background tasks, which run while the backend is entered. If
several backends of the same pool are entered, one of them acts, and the others wait until it leaves.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import anyio
from anyio import to_thread
from typing_extensions import override

from ....trainer.contract.run_folder import RunFolder
from ...domain import Cluster, Pool, Run
from ...errors import BadInputError, NoCapacityError
from ...pool_settings import SkyPilotPool, grouped_kind
from ..base import ClusterBackend, Phase, RunReport, StartRequest
from .api import SkyApi, SkyError
from .backoff import InfraBackoff
from .cluster_pool import ClusterPool
from .cluster_records import ClusterRecords
from .context import PoolContext
from .run_mirror import RunMirror
from .scripts import check_command, machine_of, pack
from .state import ClusterRecord, Placement

FOLDER = "clusters"
LOCK_SECONDS = 0.5
"""Time between two attempts to become the one that acts on the pool."""
PRICE_SECONDS = 15.0
"""How long the first entering waits for the price in the catalogue."""
RETRY_SECONDS = 10.0
"""Wait before the catalogue is asked again if it didn't answer."""
REFRESH_SECONDS = 3600.0
"""Time between two questions for the price."""
_STARTED: Mapping[str, Any] = {"started": True}
"""The handle of every run. A run is found by its id; the records and its folder hold everything else."""

log = logging.getLogger(__name__)


class SkyPilotBackend(ClusterBackend):
    """A pool of clusters.

    Args:
        name: The pool's name.
        settings: The pool's settings.
        runs: The folder that holds the lab's run folders.
        sky: SkyPilot.
    """

    def __init__(self, name: str, settings: SkyPilotPool, runs: Path, sky: SkyApi) -> None:
        self._name = name
        self._settings = settings
        self._runs = runs.resolve()
        self._sky = sky
        self._records = ClusterRecords(self._runs.parent / FOLDER, name)
        self._choices = settings.choices
        storage = None if settings.storage is None else settings.storage.expanduser() / self._records.lab_id
        self._context = PoolContext(self._records, settings, sky, self._runs, storage, InfraBackoff(self._choices))
        self._pool = ClusterPool(self._context)

    @override
    async def pool(self) -> Pool:
        price = self._records.price() if self._settings.usd_per_hour is None else self._settings.usd_per_hour
        return Pool(
            name=self._name,
            backend="skypilot",
            gpu=grouped_kind(self._settings.gpu, self._settings.gpus_per_slot),
            clock="wall",
            slots=self._settings.max_slots,
            usd_per_slot_hour=price or 0.0,
            note=self._pool.trouble,
            as_of=0.0 if price is None else time.time(),
            most_clusters=self._settings.max_clusters,
            gpus_per_slot=self._settings.gpus_per_slot,
        )

    @override
    async def free(self) -> int:
        return self._pool.room()

    @override
    async def start(self, spec: StartRequest) -> Mapping[str, Any]:
        placement = self._records.placement(spec.id)
        if (placement is not None and placement.state != "returned") or RunMirror(spec.folder).is_over:
            return _STARTED
        await to_thread.run_sync(pack, spec.folder, 0.0)  # to refuse now what could not be sent later
        if problem := self._pool.too_long(spec.budget_seconds):
            raise BadInputError(
                problem, "Launch with a smaller budget_seconds, or raise the scheduler's time limit for the pool"
            )
        if not self._pool.room():
            gpu, most = self._settings.gpu, self._pool.limit * self._settings.gpus_per_cluster
            raise NoCapacityError(
                f"Pool {self._name} has no free {gpu} for {spec.id}: all {most} that its clusters may have are taken",
                "It stays queued until a run ends; list_gpus shows the pool, and scale_pool changes its number of clusters",
            )
        now = time.time()
        self._records.save_placement(Placement(spec.id, "waiting", now, spec.budget_seconds, at=now))
        self._context.changed.set()
        return _STARTED

    @override
    async def poll(self, runs: Sequence[Run]) -> Mapping[str, RunReport]:
        return {run.id: self._report(run.id) for run in runs}

    def _report(self, run: str) -> RunReport:
        folder = RunFolder(self._runs / run)
        placement = self._records.placement(run)  # read before the result, since it is removed after the result was written
        result = folder.result()
        if result is not None:
            return RunReport(Phase.FINISHED, result)
        if placement is None:
            return RunReport(Phase.LOST)
        if placement.state == "returned":
            return RunReport(Phase.RETURNED)
        return RunReport(Phase(folder.phase() or Phase.STARTING), silent_seconds=folder.silent_seconds())

    @override
    async def cancel(self, run: Run) -> None:
        placement = self._records.placement(run.id)
        if placement is None or placement.cancelled:
            return
        if placement.state in {"waiting", "returned"}:
            self._context.end_unstarted(run.id)
        else:
            self._records.save_placement(placement, cancelled=True)
            self._pool.wake(placement.cluster)

    @override
    async def clusters(self) -> Sequence[Cluster]:
        return [self._cluster(record) for record in self._records.clusters()]

    def _cluster(self, record: ClusterRecord) -> Cluster:
        declared = self._settings.usd_per_hour
        by_catalogue = record.price or (self._records.price() or 0.0) * record.gpus
        return Cluster(
            name=record.name,
            pool=self._name,
            gpus=record.gpus,
            status=record.status,
            usd_per_cluster_hour=by_catalogue if declared is None else declared * record.gpus,
            launched_at=record.launched_at,
            ended_at=record.ended_at,
            note=record.note,
        )

    @override
    async def remaining(self) -> Sequence[str]:
        infra = {record.name: record.infra for record in self._records.clusters()}
        if not infra:
            return []
        exist = await self._sky.exist(infra)
        return sorted({*await self._sky.status(list(infra)), *(name for name, exists in exist.items() if exists)})

    @override
    def check_commands(self) -> Sequence[str]:
        names = f"lh-{self._records.lab_id}-"
        return [check_command(infra, names) for infra in self._choices]

    @override
    async def scale(self, clusters: int | None) -> None:
        self._pool.wanted = clusters
        self._context.changed.set()

    @override
    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        if self._settings.usd_per_hour is None and self._records.price() is None:
            with anyio.move_on_after(PRICE_SECONDS):
                await self._ask_price()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._act)
            tasks.start_soon(self._watch_price)
            yield self
            tasks.cancel_scope.cancel()

    async def _act(self) -> None:
        """Act on the pool as soon as no other object does."""
        while not self._records.acquire():  # noqa: ASYNC110 - another process owns the pool
            await anyio.sleep(LOCK_SECONDS)
        try:
            # The agents are tasks of this group, so that the pool is released only after all of them have ended.
            async with anyio.create_task_group() as agents:
                await self._pool.act(agents)
        finally:
            self._records.release()

    async def _watch_price(self) -> None:
        while self._settings.usd_per_hour is None:
            await anyio.sleep(RETRY_SECONDS if self._records.price() is None else REFRESH_SECONDS)
            await self._ask_price()

    async def _ask_price(self) -> None:
        """Write down the price of a GPU on the first choice that the catalogue has a price for; 0 if it has none."""
        try:
            for infra in self._choices:
                if (price := await self._sky.price(machine_of(self._settings, infra))) is not None:
                    self._records.save_price(price / self._settings.gpus_per_cluster)
                    return
            self._records.save_price(0.0)
        except SkyError as error:
            log.info("The price of pool %s isn't known yet: %s", self._name, error.problem)
