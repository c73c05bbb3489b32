"""What is sent to one cluster: runs, requests to end runs, and the host that starts them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

import anyio
from anyio import to_thread

from ...errors import LabhandError
from .api import Job, SkyError
from .context import PoolContext
from .host_log import HostLogReader
from .scripts import MAX_DELIVERY_BYTES, RunBundle, delivery_script, host_script, machine_of, pack, trainer_package
from .state import Placement
from .wakeup import Wakeup

RETRY_SECONDS = 5.0
"""Wait after a call that SkyPilot couldn't answer."""
GATHER_SECONDS = 0.3
"""Wait before a delivery, so that runs which are placed at the same time go together."""
UNREPORTED_SECONDS = 90.0
"""Time after which a run is sent again if no host has reported it."""
HOST: Final = "labhand-host"
DELIVERY: Final = "labhand-delivery"

log = logging.getLogger(__name__)


class Deliveries:
    """Sends to one cluster what the records say that it is to have.

    Args:
        cluster: The cluster's name.
        context: What the clusters of the pool share.
        reader: What the cluster's hosts report.

    Attributes:
        host_started: Set when a host was started, whose log can be followed.
    """

    def __init__(self, cluster: str, context: PoolContext, reader: HostLogReader) -> None:
        self._cluster = cluster
        self._context = context
        self._records = context.records
        self._sky = context.sky
        self._reader = reader
        self._work = Wakeup()
        self.host_started = Wakeup()

    def wake(self) -> None:
        """Look for something to send."""
        self._work.set()

    async def send(self, on_error: Callable[[SkyError], None]) -> None:
        """Send what there is whenever `wake` is called, until cancelled.

        Args:
            on_error: Called with each failure; what could not be sent is sent again after a wait.
        """
        while True:
            await self._work.wait()
            await anyio.sleep(GATHER_SECONDS)
            try:
                await self._deliver()
            except SkyError as error:
                log.warning("Nothing could be sent to %s: %s", self._cluster, error.problem)
                self._records.update_cluster(self._cluster, note=error.problem)
                on_error(error)
                await anyio.sleep(RETRY_SECONDS)
                self._work.set()

    def repeat_unreported(self) -> None:
        """Send runs again that no host has reported, and requests to end runs that the lab has given up but that go on."""
        now = time.time()
        if self._reader.strays:
            self._work.set()
        for placement in self._placements() if self._reader.is_heard else ():
            if placement.state == "sent" and now - placement.at > UNREPORTED_SECONDS:
                self._records.save_placement(placement, state="placed", at=now)
                self._work.set()

    async def _deliver(self) -> None:
        """Send everything in one job. If the cluster has no host, the same job starts one."""
        for placement in self._placements():
            if placement.cancelled and placement.state == "placed":
                self._context.end_unstarted(placement.run)
        placements = self._placements()
        to_send = [placement for placement in placements if placement.state == "placed"]
        cancels = sorted({placement.run for placement in placements if placement.cancelled} | self._reader.strays)
        needs_host = self._records.cluster(self._cluster).job is None and bool(placements)
        if not (to_send or cancels or needs_host):
            return
        bundles = await self._pack(to_send)
        settled = sorted(self._reader.settled)
        script = delivery_script(self._cluster, bundles, cancels, settled)
        began = time.time()
        if needs_host:
            await self._start_host(script, began)
        else:
            await self._sky.execute(self._cluster, self._job(DELIVERY, script))
        self._reader.settled.difference_update(settled)
        self._mark_sent({bundle.run for bundle in bundles}, began)
        if len(bundles) < len(to_send):
            self._work.set()

    def _placements(self) -> list[Placement]:
        return self._records.placements_on(self._cluster)

    def _mark_sent(self, runs: set[str], at: float) -> None:
        # Read again: the host may have reported some of the runs while the job was submitted.
        for placement in self._placements():
            if placement.run in runs and placement.state == "placed":
                self._records.save_placement(placement, state="sent", at=at)

    async def _start_host(self, script: str, began: float) -> None:
        storage = None if self._context.storage is None else str(self._context.storage)
        script += host_script(self._context.settings, storage)
        gpus = self._records.cluster(self._cluster).gpus
        job = await self._sky.execute(self._cluster, self._job(HOST, script, gpus=gpus))
        self._records.update_cluster(self._cluster, job=job, job_at=began, code=trainer_package()[1], note="")
        self.host_started.set()

    async def _pack(self, placements: Sequence[Placement]) -> list[RunBundle]:
        """Pack as many runs as fit into one delivery, and at least one. A run that can't be packed is lost."""
        bundles: list[RunBundle] = []
        size = 0
        for placement in placements:
            try:
                bundle = await to_thread.run_sync(pack, self._context.runs / placement.run, placement.order)
            except (OSError, LabhandError) as error:
                self._reader.lose(placement, f"it can't be packed: {error}")
                continue
            size += len(bundle.content)
            if bundles and size > MAX_DELIVERY_BYTES:
                break
            bundles.append(bundle)
        return bundles

    def _job(self, name: str, script: str, gpus: int = 0) -> Job:
        settings = self._context.settings
        # The host leaves one processor to deliveries, which run beside it.
        host_cpus = machine_of(settings, self._records.cluster(self._cluster).infra).cpus - 1
        return Job(name, script, settings.gpu, gpus, host_cpus if gpus else 1)
