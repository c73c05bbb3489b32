"""What the lab answers of its fleet: pools, clusters, and what they cost."""

from __future__ import annotations

from .answers import Answer, LabLine


class Gpus(Answer):
    """One pool, as `list_gpus` shows it.

    Attributes:
        usd_per_hour: Of one GPU.
        relative_speed: Of the baseline, as measured, over the slowest kind.
        taken: Of `total`, by other labs on the same machine.
        clusters_up: Of a pool that hires machines.
        clusters_most: That it may hold; its GPUs count as free also where a cluster has to be launched for them.
        clusters_wished: That it is to hold, idle or not; absent for as many as the queue needs.
        volatile: Results are lost with a cluster that vanishes before they are fetched.
        idle_usd: What its clusters cost so far while nothing ran on them; so `idle_gpu_hours`.
    """

    pool: str
    gpu: str
    total: int
    free: int
    running: int = 0
    taken: int | None = None
    queued: int = 0
    usd_per_hour: float | None = None
    relative_speed: float | None = None
    clusters_up: int | None = None
    clusters_most: int | None = None
    clusters_wished: int | None = None
    volatile: bool | None = None
    idle_gpu_hours: float | None = None
    idle_usd: float | None = None
    note: str = ""
    as_of_seconds_ago: float | None = None


class GpuList(Answer):
    """What `list_gpus` answers."""

    pools: list[Gpus]
    budget_seconds: float
    clock: str
    lab: LabLine | None = None


class HeldCluster(Answer):
    """A cluster, with what it cost from its launch to its end, or so far."""

    name: str
    pool: str
    status: str
    note: str = ""
    gpus: int
    seconds: float
    usd: float


class Scaled(Answer):
    """What `scale_pool` answers.

    Attributes:
        clusters: That the pool is to hold from now on; absent for as many as the queue needs.
        clusters_up: Now, those that are coming up too.
        usd_per_hour: Of all that it is to hold; of one cluster more where that is as the queue needs.
        lasts_hours: After which that would have used up the allowance, with nothing running.
    """

    pool: str
    gpu: str
    clusters: int | None = None
    clusters_up: int
    clusters_most: int
    gpus_per_cluster: int
    usd_per_hour: float | None = None
    lasts_hours: float | None = None
    dry_run: bool | None = None
    next: str = ""
    lab: LabLine | None = None
