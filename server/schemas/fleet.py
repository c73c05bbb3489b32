"""The fleet: pools, clusters, and what they cost."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .messages import Answer, LabLine, Request


class ScaleRequest(Request):
    """How many clusters a pool is to hold."""

    tool: ClassVar[str] = "scale_pool"

    pool: str = Field(description="A pool that list_gpus shows with clusters_most")
    clusters: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="How many to hold, idle or not; null for as many as the queue needs"
    )
    dry_run: bool = Field(default=False, description="Return the cost; change nothing")


class PoolClusters(Answer):
    """The clusters of a pool that launches clusters; of another pool nothing.

    Attributes:
        clusters_up: Number of clusters that are up.
        clusters_most: The largest number of clusters that it may hold. Its GPUs count as free even where a cluster has to be
            launched for them.
        clusters_wished: Number of clusters that it was asked to hold, idle or not; absent for as many as the queue needs.
        volatile: Results that were not fetched are lost when a cluster ends.
        idle_gpu_hours: GPU-hours of its clusters while nothing ran on them.
        idle_usd: Cost of its clusters while nothing ran on them.
    """

    clusters_up: int | None = None
    clusters_most: int | None = None
    clusters_wished: int | None = None
    volatile: bool | None = None
    idle_gpu_hours: float | None = None
    idle_usd: float | None = None


class Gpus(PoolClusters):
    """One pool, as `list_gpus` shows it.

    Attributes:
        usd_per_slot_hour: Price of one slot, which is one GPU of a cluster, for one hour.
        relative_speed: Measured speed of the baseline, divided by that of the slowest kind.
        taken: Number of its GPUs that other labs on the same machine hold.
    """

    pool: str
    gpu: str
    total: int
    free: int
    running: int = 0
    taken: int | None = None
    queued: int = 0
    usd_per_slot_hour: float | None = None
    relative_speed: float | None = None
    note: str = ""
    as_of_seconds_ago: float | None = None


class GpuList(Answer):
    """The answer of `list_gpus`."""

    pools: list[Gpus]
    budget_seconds: float
    clock: str
    lab: LabLine | None = None


class HeldCluster(Answer):
    """A cluster, with its cost from its launch to its end, or until now."""

    name: str
    pool: str
    status: str
    note: str = ""
    gpus: int
    seconds: float
    usd: float


class Scaled(Answer):
    """The answer of `scale_pool`.

    Attributes:
        clusters: Number of clusters that the pool is to hold from now on; absent for as many as the queue needs.
        clusters_up: Number of clusters that are up or coming up.
        usd_per_cluster_hour: Price of one cluster for one hour.
        usd_per_hour_of_all: Price for one hour of all clusters that it is to hold; absent for as many as the queue needs.
        lasts_hours: After how many hours these clusters alone use up the allowance.
    """

    pool: str
    gpu: str
    clusters: int | None = None
    clusters_up: int
    clusters_most: int
    gpus_per_cluster: int
    usd_per_cluster_hour: float | None = None
    usd_per_hour_of_all: float | None = None
    lasts_hours: float | None = None
    dry_run: bool | None = None
    next: str = ""
    warning: str = ""
    lab: LabLine | None = None
