"""The `skypilot` backend: a pool of clusters that are launched as the queue needs them.

Whoever asks is answered from the disk; the talking to SkyPilot goes on beside, in tasks that this object owns from being
entered until it is left. Of several that are entered for the same pool, one acts, and the others wait until it leaves.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
from anyio import to_thread
from typing_extensions import override

from ...domain import Cluster, Pool, Run
from ...errors import NoCapacityError
from ...settings import SkyPilotPool
from ..base import ClusterBackend, Phase, RunReport, RunSpec
from ..runner_state import LocalRunFolder
from .api import SkyApi, SkyError
from .backoff import InfraBackoff
from .cluster_pool import ClusterPool
from .context import PoolContext
from .run_mirror import RunMirror
from .scripts import machine, pack
from .state import ClusterRecord, ClusterRecords, Placement

FOLDER = "clusters"
LOCK_SECONDS = 0.5
"""Between two looks whether somebody else still acts on the pool."""
PRICE_SECONDS = 15.0
"""How long one waits for the catalogue on being entered for the first time."""
TRY_AGAIN_SECONDS = 10.0
"""Before the catalogue is asked again that didn't answer."""
ASK_AGAIN_SECONDS = 3600.0
"""Between two looks into the catalogue."""
_STARTED: Mapping[str, Any] = {"started": True}
"""A handle: the records and the run's folder tell everything else."""

log = logging.getLogger(__name__)


class SkyPilotBackend(ClusterBackend):
    """A pool of clusters.

    Args:
        name: Of the pool.
        settings: Of the pool.
        runs: The lab's run folders.
        sky: SkyPilot.
    """

    def __init__(self, name: str, settings: SkyPilotPool, runs: Path, sky: SkyApi) -> None:
        self._name = name
        self._settings = settings
        self._runs = runs.resolve()
        self._sky = sky
        self._records = ClusterRecords(self._runs.parent / FOLDER, name)
        self._choices = settings.choices
        storage = None if settings.storage is None else settings.storage.expanduser() / self._records.lab
        self._around = PoolContext(self._records, settings, sky, self._runs, storage, InfraBackoff(self._choices))
        self._fleet = ClusterPool(self._around)
        self._tasks = anyio.create_task_group()

    @override
    async def pool(self) -> Pool:
        price = self._records.price() if self._settings.usd_per_hour is None else self._settings.usd_per_hour
        return Pool(
            name=self._name,
            backend="skypilot",
            gpu=self._settings.gpu,
            clock="wall",
            slots=self._settings.max_clusters * self._settings.gpus_per_cluster,
            usd_per_hour=price or 0.0,
            note=self._fleet.trouble,
            as_of=0.0 if price is None else time.time(),
            most_clusters=self._settings.max_clusters,
        )

    @override
    async def free(self) -> int:
        return self._fleet.room()

    @override
    async def start(self, spec: RunSpec) -> Mapping[str, Any]:
        placement = self._records.placement(spec.id)
        if (placement is not None and placement.state != "returned") or RunMirror(spec.folder).is_over:
            return _STARTED
        await to_thread.run_sync(pack, spec.folder, 0.0)  # so that what can't travel is refused now
        if not self._fleet.room():
            raise NoCapacityError(f"All GPUs of pool {self._name} are taken", "Wait for a run to end")
        now = time.time()
        self._records.place(Placement(spec.id, "waiting", now, spec.budget_seconds, at=now))
        self._around.changed.ring()
        return _STARTED

    @override
    async def poll(self, runs: Sequence[Run]) -> Mapping[str, RunReport]:
        return {run.id: self._report(run.id) for run in runs}

    def _report(self, run: str) -> RunReport:
        folder = LocalRunFolder(self._runs / run)
        placement = self._records.placement(run)  # before the result: it goes when that has come
        result = folder.result()
        if result is not None:
            return RunReport(Phase.FINISHED, result)
        if placement is None:
            return RunReport(Phase.LOST)
        if placement.state == "returned":
            return RunReport(Phase.RETURNED)
        return RunReport(folder.phase(), silent_seconds=folder.silent_seconds())

    @override
    async def cancel(self, run: Run) -> None:
        placement = self._records.placement(run.id)
        if placement is None or placement.cancelled:
            return
        if placement.state in {"waiting", "returned"}:
            self._around.end_unseen(run.id)
        else:
            self._records.place(placement, cancelled=True)
            self._fleet.wake(placement.cluster)

    @override
    async def clusters(self) -> Sequence[Cluster]:
        return [self._cluster(record) for record in self._records.clusters()]

    def _cluster(self, record: ClusterRecord) -> Cluster:
        own = self._settings.usd_per_hour or self._records.price() or 0.0
        return Cluster(
            name=record.name,
            pool=self._name,
            gpus=record.gpus,
            status=record.status,
            usd_per_hour=own * record.gpus if self._settings.usd_per_hour is not None else record.price or own * record.gpus,
            launched_at=record.launched_at,
            ended_at=record.ended_at,
            note=record.note,
        )

    @override
    async def remaining(self) -> Sequence[str]:
        names = [record.name for record in self._records.clusters()]
        return sorted(await self._sky.status(names)) if names else []

    @override
    async def scale(self, clusters: int | None) -> None:
        self._fleet.wanted = clusters
        self._around.changed.ring()

    @override
    async def __aenter__(self) -> Self:
        if self._settings.usd_per_hour is None and self._records.price() is None:
            with anyio.move_on_after(PRICE_SECONDS):
                await self._ask_price()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._act)
        self._tasks.start_soon(self._watch_price)
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
            await anyio.sleep(LOCK_SECONDS)
        try:
            await self._fleet.act(self._tasks)
        finally:
            os.close(lock)

    async def _watch_price(self) -> None:
        while self._settings.usd_per_hour is None:
            await anyio.sleep(TRY_AGAIN_SECONDS if self._records.price() is None else ASK_AGAIN_SECONDS)
            await self._ask_price()

    async def _ask_price(self) -> None:
        """Note what a GPU costs by the catalogue: on the first choice that it has a price for, or else nothing."""
        try:
            for infra in self._choices:
                if (price := await self._sky.price(machine(self._settings, infra))) is not None:
                    self._records.keep_price(price / self._settings.gpus_per_cluster)
                    return
            self._records.keep_price(0.0)
        except SkyError as error:
            log.info("What %s costs isn't known yet: %s", self._name, error.problem)
