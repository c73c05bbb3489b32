"""The clusters of a pool as a whole: how many there are, and which run goes to which."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence

import anyio
from anyio.abc import TaskGroup

from .cluster_agent import ClusterAgent
from .context import PoolContext
from .scheduling import DeliveryPlan, Lookahead
from .scripts import trainer_package
from .state import ClusterRecord, Placement

TICK_SECONDS = 0.5
TROUBLE_SECONDS = 10.0
"""Before a cluster that could not be attended to is tried again."""
STARTUP_SECONDS = 15.0
"""What a run takes beside its budget, until its like have been seen."""
LEAST_LEAD, MOST_LEAD = 20.0, 120.0
"""Seconds before a GPU gets free at which its next run is sent: twice what deliveries take, within these bounds."""

log = logging.getLogger(__name__)


class ClusterPool:
    """Acts on the clusters of one pool; what it knows stands in the records, and may be asked of any process.

    Args:
        around: What the clusters share.

    Attributes:
        wanted: How many clusters are to be held; None for as many as the queue needs.
    """

    def __init__(self, around: PoolContext) -> None:
        self._around = around
        self._records = around.records
        self._settings = around.settings
        self._attendants: dict[str, ClusterAgent] = {}
        self.wanted: int | None = None

    @property
    def limit(self) -> int:
        """Clusters that there may be."""
        return self._settings.max_clusters if self.wanted is None else self.wanted

    @property
    def trouble(self) -> str:
        """Why nothing can run; a pool with a cluster that is up can be used, whatever became of others."""
        live = self._records.live()
        if any(record.status == "up" for record in live):
            return ""
        return next((f"{record.name}: {record.note}" for record in live if record.note), self._around.rest.why)

    def room(self) -> int:
        """How many more runs can be taken: those that could go to a cluster now, or to one that may be launched."""
        placements = self._records.placements()
        up = self._up()
        to_come = max(0, self.limit - len(up)) * self._settings.gpus_per_cluster
        like = placements[-1] if placements else Placement("", "waiting", 0.0, 0.0)
        waiting = sum(placement.state == "waiting" for placement in placements)
        return max(0, to_come + self._plan(up, placements).room(like) - waiting)

    def wake(self, cluster: str | None) -> None:
        """There is something to send to a cluster."""
        if cluster in self._attendants:
            self._attendants[cluster].wake()

    async def act(self, tasks: TaskGroup) -> None:
        """Do what there is to do, again and again.

        Args:
            tasks: In which clusters are attended to.
        """
        while True:
            self._give_up()
            self._launch()
            for record in self._records.live():
                if record.name not in self._attendants:
                    self._attendants[record.name] = ClusterAgent(record.name, self._around)
                    tasks.start_soon(self._attend_to, self._attendants[record.name])
                    self.wake(record.name)
            self._place()
            self._give_back()
            await self._around.changed.wait(TICK_SECONDS)

    async def _attend_to(self, attendant: ClusterAgent) -> None:
        try:
            await attendant.attend()
        except Exception:  # a boundary: one cluster's trouble must not stop the others
            log.exception("%s is attended to anew", attendant.name)
            await anyio.sleep(TROUBLE_SECONDS)
        del self._attendants[attendant.name]
        self._around.changed.ring()

    def _up(self) -> list[ClusterRecord]:
        return [record for record in self._records.live() if record.status == "up" and not _is_outdated(record)]

    def _plan(self, up: Sequence[ClusterRecord], placements: Sequence[Placement]) -> DeliveryPlan:
        latency = self._around.latency
        lead = min(MOST_LEAD, max(LEAST_LEAD, 2 * sum(latency) / len(latency)))
        known = {budget: min(seconds) for budget, seconds in self._around.seconds.items()}
        return DeliveryPlan({r.name: r.gpus for r in up}, placements, Lookahead(lead, STARTUP_SECONDS, known), time.time())

    def _place(self) -> None:
        """Give what waits to clusters, not sooner than needed."""
        placements = self._records.placements()
        plan = self._plan(self._up(), placements)
        for placement in placements:
            if placement.state != "waiting":
                continue
            if (cluster := plan.place(placement)) is None:
                return
            self._records.place(placement, state="placed", cluster=cluster, at=time.time())
            self.wake(cluster)

    def _launch(self) -> None:
        """Launch clusters for what can't be placed on those that there are, or as many as are wanted."""
        infra = self._around.rest.choice
        live = self._records.live()
        if infra is None or len(live) >= self.limit:
            return
        coming = sum(record.gpus for record in live if record.status == "starting")
        waiting = sum(placement.state == "waiting" for placement in self._records.placements())
        needed = math.ceil(max(0, waiting - coming) / self._settings.gpus_per_cluster)
        for _ in range(min(needed if self.wanted is None else self.limit, self.limit - len(live))):
            name = self._records.new_name()
            self._records.keep(ClusterRecord(name, infra, self._settings.gpus_per_cluster, "starting", time.time()))
            log.info("%s is launched on %s", name, infra)

    def _give_up(self) -> None:
        """Give up the clusters that are too many, those with the least to do first, and idle ones with an older labhand."""
        load = [placement.cluster for placement in self._records.placements()]
        live = sorted(
            (record for record in self._records.live() if record.status != "failed"), key=lambda one: load.count(one.name)
        )
        surplus = 0 if self.wanted is None else max(0, len(live) - self.wanted)
        for place, record in enumerate(live):
            if (attendant := self._attendants.get(record.name)) is None:
                continue
            attendant.is_held = self.wanted is not None
            if place < surplus:
                attendant.give_up("it isn't wanted any more")
            elif _is_outdated(record) and record.name not in load:
                attendant.give_up("it has another version of the training core")

    def _give_back(self) -> None:
        """While nothing can run here, or nothing is to, what waits may go to other pools."""
        if self.trouble or self.wanted == 0:
            for placement in self._records.placements():
                if placement.state == "waiting":
                    self._records.place(placement, state="returned", at=time.time())


def _is_outdated(record: ClusterRecord) -> bool:
    """Whether a cluster trains with other code than the one that is installed here."""
    return record.code not in {"", trainer_package()[1]}
