"""The clusters of a pool as a whole: how many there are, and which run goes to which."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Sequence

import anyio
from anyio.abc import TaskGroup

from .cluster_agent import ClusterAgent
from .context import PoolContext
from .scheduling import DeliveryPlan, Lookahead
from .scripts import trainer_package
from .state import ClusterRecord, Placement

TICK_SECONDS = 0.5
RESTART_SECONDS = 10.0
"""Wait before a new agent takes over a cluster whose agent has failed."""
LIMIT_SECONDS = 3600.0
"""How long a scheduler's time limit is taken for what the next cluster gets, too."""
STARTUP_SECONDS = 15.0
"""Time beside its budget that a run is assumed to take, until a run of its budget was measured."""
MIN_LEAD_SECONDS, MAX_LEAD_SECONDS = 20.0, 120.0
"""Bounds of the time before a GPU gets free at which its next run is sent. Between them it is twice what deliveries take."""

log = logging.getLogger(__name__)


class ClusterPool:
    """Launches the clusters of one pool, gives runs to them, and gives clusters up.

    Everything that it knows stands in the records, except for how many clusters are wanted.

    Args:
        context: What the clusters share.

    Attributes:
        wanted: How many clusters are to be held; None for as many as the queue needs.
    """

    def __init__(self, context: PoolContext) -> None:
        self._context = context
        self._records = context.records
        self._settings = context.settings
        self._agents: dict[str, ClusterAgent] = {}
        self.wanted: int | None = None

    @property
    def limit(self) -> int:
        """The number of clusters that there may be."""
        return self._settings.max_clusters if self.wanted is None else self.wanted

    @property
    def trouble(self) -> str:
        """Why nothing can run. It is empty as long as one cluster is up, whatever happened to others."""
        live = self._records.live()
        if any(record.status == "up" for record in live):
            return ""
        is_full = len(live) >= self.limit
        notes = [f"{record.name}: {record.note}" for record in live if record.note and (record.status != "lost" or is_full)]
        return next(iter(notes), self._context.backoff.reason)

    def room(self) -> int:
        """Return how many more runs can be accepted: those for clusters that are up, and those for clusters still to launch."""
        placements = self._records.placements()
        up = self._up()
        to_come = max(0, self.limit - len(up)) * self._settings.slots_per_cluster
        like = placements[-1] if placements else Placement("", "waiting", 0.0, 0.0)
        return max(0, to_come + self._plan(up, placements).room(like) - _count_waiting(placements))

    def wake(self, cluster: str | None) -> None:
        """Have a cluster's agent look for something to send."""
        if cluster in self._agents:
            self._agents[cluster].wake()

    async def act(self, tasks: TaskGroup) -> None:
        """Act on the pool until cancelled.

        Args:
            tasks: The task group in which the clusters' agents run.
        """
        while True:
            self._give_up()
            self._launch()
            for record in self._records.live():
                if record.name not in self._agents:
                    self._agents[record.name] = ClusterAgent(record.name, self._context)
                    tasks.start_soon(self._attend_to, self._agents[record.name])
                    self.wake(record.name)
            self._place()
            self._give_back()
            await self._context.changed.wait(TICK_SECONDS)

    async def _attend_to(self, agent: ClusterAgent) -> None:
        try:
            await agent.attend()
        except Exception:  # a boundary: the trouble of one cluster must not stop the others
            log.exception("The agent of %s has failed; a new one takes over", agent.name)
            await anyio.sleep(RESTART_SECONDS)
        del self._agents[agent.name]
        self._context.changed.set()

    def _up(self) -> list[ClusterRecord]:
        return [record for record in self._records.live() if record.status == "up" and not _is_outdated(record)]

    def _plan(self, up: Sequence[ClusterRecord], placements: Sequence[Placement]) -> DeliveryPlan:
        latencies = self._context.latencies
        lead = min(MAX_LEAD_SECONDS, max(MIN_LEAD_SECONDS, 2 * sum(latencies) / len(latencies)))
        measured = {budget: min(seconds) for budget, seconds in self._context.run_seconds.items()}
        lookahead = Lookahead(lead, STARTUP_SECONDS, measured)
        slots = {record.name: record.gpus // self._settings.gpus_per_slot for record in up}
        ends_at = {record.name: record.ends_at for record in up if record.ends_at is not None}
        return DeliveryPlan(slots, placements, lookahead, time.time(), ends_at)

    def _place(self) -> None:
        """Give waiting runs to clusters, no earlier than needed."""
        placements = self._records.placements()
        plan = self._plan(self._up(), placements)
        for placement in placements:
            if placement.state != "waiting":
                continue
            if self.too_long(placement.budget_seconds):
                self._records.remove_placement(placement.run)
                continue
            if (cluster := plan.place(placement)) is None:
                return
            self._records.save_placement(placement, state="placed", cluster=cluster, at=time.time())
            self.wake(cluster)

    def too_long(self, budget_seconds: float) -> str:
        """Return why no cluster can run a budget before its scheduler ends it; empty if one can."""
        limit = self._records.limit_seconds(time.time() - LIMIT_SECONDS)
        if limit is None or budget_seconds + STARTUP_SECONDS <= limit:
            return ""
        return (
            f"The scheduler ends the clusters of pool {self._records.pool} after {limit / 60:.1f} minutes, "
            f"too early for a run of {budget_seconds:g} s"
        )

    def _launch(self) -> None:
        """Launch clusters for the runs that the existing ones can't take, or as many as are wanted."""
        infra = self._context.backoff.choice
        live = self._records.live()
        if infra is None or len(live) >= self.limit:
            return
        coming = sum(record.gpus // self._settings.gpus_per_slot for record in live if record.status == "starting")
        waiting = _count_waiting(self._records.placements())
        needed = math.ceil(max(0, waiting - coming) / self._settings.slots_per_cluster)
        for _ in range(min(needed if self.wanted is None else self.limit, self.limit - len(live))):
            name = self._records.new_name()
            self._records.save_cluster(ClusterRecord(name, infra, self._settings.gpus_per_cluster, "starting", time.time()))
            log.info("%s is launched on %s", name, infra)

    def _give_up(self) -> None:
        """Give up surplus clusters, those with the fewest runs first, and idle ones that have an older training core."""
        load = Counter(placement.cluster for placement in self._records.placements())
        usable = [record for record in self._records.live() if record.status != "failed"]
        usable.sort(key=lambda record: load[record.name])
        surplus = 0 if self.wanted is None else max(0, len(usable) - self.wanted)
        for rank, record in enumerate(usable):
            if (agent := self._agents.get(record.name)) is None:
                continue
            agent.is_held = self.wanted is not None
            if rank < surplus:
                agent.give_up("the pool is to hold fewer clusters")
            elif _is_outdated(record) and record.name not in load:
                agent.give_up("it has another version of the training core")
            elif record.name not in load and (minutes := self._minutes_left_too_few(record)) is not None:
                agent.give_up(f"its scheduler ends it in {minutes:.0f} minutes, before the waiting runs would end")

    def _minutes_left_too_few(self, record: ClusterRecord) -> float | None:
        """Return the minutes that a cluster has left, if they are too few for each run that waits; else None."""
        waiting = [placement for placement in self._records.placements() if placement.state == "waiting"]
        if record.ends_at is None or not waiting:
            return None
        left = record.ends_at - time.time()
        shortest = min(placement.budget_seconds for placement in waiting) + STARTUP_SECONDS
        return left / 60 if left < shortest else None

    def _give_back(self) -> None:
        """Give waiting runs back to the queue, for other pools, while nothing can run here or no cluster is wanted."""
        if self.trouble or self.wanted == 0:
            for placement in self._records.placements():
                if placement.state == "waiting":
                    self._records.save_placement(placement, state="returned", at=time.time())


def _count_waiting(placements: Sequence[Placement]) -> int:
    return sum(placement.state == "waiting" for placement in placements)


def _is_outdated(record: ClusterRecord) -> bool:
    """Whether a cluster has another training core than the one that is installed here."""
    return record.code not in {"", trainer_package()[1]}
