"""A backend that hires machines which aren't there: it keeps the contract, and its provider does what providers do.

The provider stands for what is outside of every process of the lab. It goes by a clock of its own, so that hours pass at once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from labhand.server.backends.base import ClusterBackend, Phase, RunReport, StartRequest
from labhand.server.domain import Cluster, Pool, Run
from labhand.server.errors import LabhandError, NoCapacityError
from labhand.server.pool_settings import SkyPilotPool
from labhand.trainer.contract.run_result import RunResult
from typing_extensions import override


@dataclass
class Provider:
    """Machines for hire.

    Attributes:
        clusters: All there ever were.
        at_work: Which run is on which cluster.
        instantly: Runs end as soon as they are started; else when `finish` says so.
        away: What is wrong when it can't be asked.
        told: How many clusters backends were told to hold, in turn.
        capacity: Clusters that it has to give.
        priced: It says what pools cost.
    """

    usd_per_hour: float = 16.0
    clusters: dict[str, Cluster] = field(default_factory=dict[str, Cluster])
    at_work: dict[str, str] = field(default_factory=dict[str, str])
    results: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    instantly: bool = True
    away: str = ""
    told: list[int | None] = field(default_factory=list[int | None])
    capacity: int = 100
    priced: bool = True

    def launch(self, pool: str, gpus: int, ago: float = 0.0) -> Cluster:
        """Launch a cluster, some seconds ago; it is up at once."""
        made = Cluster(f"{pool}-{len(self.clusters) + 1}", pool, gpus, "up", self.usd_per_hour, time.time() - ago)
        self.clusters[made.name] = made
        return made

    def end(self, name: str, ago: float = 0.0) -> None:
        """A cluster is gone since some seconds, with what runs on it."""
        self.clusters[name] = replace(self.clusters[name], status="gone", ended_at=time.time() - ago)

    def forget(self, name: str) -> None:
        """A cluster is gone, and nobody knows since when."""
        del self.clusters[name]

    def change_price(self, name: str, usd_per_hour: float) -> None:
        """A cluster costs something else from now on."""
        self.clusters[name] = replace(self.clusters[name], usd_per_cluster_hour=usd_per_hour)

    def up(self, pool: str) -> list[Cluster]:
        """What a pool holds, the least busy first."""
        held = [one for one in self.clusters.values() if one.pool == pool and one.status == "up"]
        return sorted(held, key=lambda one: len(self.on(one.name)))

    def on(self, cluster: str) -> list[str]:
        """The runs at work on a cluster."""
        return [run for run, where in self.at_work.items() if where == cluster and run not in self.results]

    def finish(self, run: str, held: float = 10.0) -> None:
        """A run is over."""
        self.results[run] = _result(run, held)

    def ask(self) -> None:
        """Raise while it can't be asked."""
        if self.away:
            raise LabhandError(self.away)


class HiredBackend(ClusterBackend):
    """A pool of a provider's clusters.

    Args:
        name: Of the pool.
        settings: Of the pool.
        provider: Shared by all that ask it.
    """

    needs_folder = False

    def __init__(self, name: str, settings: SkyPilotPool, provider: Provider) -> None:
        self._name = name
        self._settings = settings
        self._provider = provider
        self._wanted: int | None = None

    @override
    async def pool(self) -> Pool:
        settings = self._settings
        return Pool(
            name=self._name,
            backend="skypilot",
            gpu=settings.gpu,
            clock="wall",
            slots=settings.gpus_per_cluster * settings.max_clusters,
            usd_per_slot_hour=self._provider.usd_per_hour / settings.gpus_per_cluster if self._provider.priced else 0.0,
            note=self._provider.away,
            as_of=time.time() if self._provider.priced else 0.0,
            most_clusters=settings.max_clusters,
        )

    @override
    async def free(self) -> int:
        most = self._settings.max_clusters if self._wanted is None else self._wanted
        held = self._provider.up(self._name)
        busy = sum(len(self._provider.on(one.name)) for one in held)
        return max(0, max(most, len(held)) * self._settings.gpus_per_cluster - busy)

    @override
    async def start(self, spec: StartRequest) -> Mapping[str, Any]:
        if spec.id not in self._provider.at_work:
            self._provider.at_work[spec.id] = self._cluster_with_room().name
            if self._provider.instantly:
                self._provider.finish(spec.id)
        return {"cluster": self._provider.at_work[spec.id]}

    def _cluster_with_room(self) -> Cluster:
        self._provider.ask()
        held = self._provider.up(self._name)
        most = self._settings.max_clusters if self._wanted is None else self._wanted
        for cluster in held:
            if len(self._provider.on(cluster.name)) < cluster.gpus:
                return cluster
        if len(held) >= min(most, self._provider.capacity):
            raise NoCapacityError(f"{self._name} has no room", "Wait for a run to end")
        return self._provider.launch(self._name, self._settings.gpus_per_cluster)

    @override
    async def poll(self, runs: Sequence[Run]) -> Mapping[str, RunReport]:
        return {run.id: self._report(run.id) for run in runs}

    def _report(self, run: str) -> RunReport:
        if run in self._provider.results:
            return RunReport(Phase.FINISHED, RunResult.read(self._provider.results[run], run))
        cluster = self._provider.clusters.get(self._provider.at_work.get(run, ""))
        return RunReport(Phase.RUNNING if cluster is not None and cluster.status == "up" else Phase.LOST)

    @override
    async def cancel(self, run: Run) -> None:
        if run.id in self._provider.at_work and run.id not in self._provider.results:
            self._provider.results[run.id] = {**_result(run.id, 1.0), "status": "cancelled", "score": None}

    @override
    async def clusters(self) -> Sequence[Cluster]:
        self._provider.ask()
        return [one for one in self._provider.clusters.values() if one.pool == self._name]

    @override
    async def remaining(self) -> Sequence[str]:
        return [one.name for one in await self.clusters() if one.status != "gone"]

    @override
    async def scale(self, clusters: int | None) -> None:
        self._provider.ask()
        self._wanted = clusters
        self._provider.told.append(clusters)
        if clusters is None:
            return
        held = self._provider.up(self._name)
        for cluster in held[: max(0, len(held) - clusters)]:
            self._provider.end(cluster.name)
        for _ in range(min(clusters, self._provider.capacity) - len(held)):
            self._provider.launch(self._name, self._settings.gpus_per_cluster)


def _result(run: str, held: float) -> Mapping[str, Any]:
    return {
        "run": run,
        "status": "succeeded",
        "score": 2.0 + int(run[1:5]) / 1000,
        "self_reported": False,
        "failure": None,
        "seconds": {"startup": 1.0, "training": held - 2, "evaluation": 1.0, "held": held},
        "measures": {},
        "device": {"kind": "H100"},
        "evaluator": {"version": "1", "data": "hired"},
        "flags": [],
    }
