"""What this backend records of a cluster, and of a run that isn't over. The names of the fields stand in files on the disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...domain import ClusterState

PlacementState = Literal["waiting", "placed", "sent", "there", "returned"]
"""The state of a run: not given to a cluster yet; given to one; sent to it; reported by the cluster's host; given back to the
queue because no cluster could run it."""


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """A cluster. The record is kept after its end, since the database may still ask for its cost.

    Attributes:
        infra: The choice of the pool's `infra` on which it was launched.
        price: Dollars an hour of the whole cluster, from SkyPilot's catalogue.
        job: The number of its host's job; None while no host is known.
        job_at: Unix time at which that host was started.
        code: The hash of the training core with which its host was started; empty before the first host.
        ends_at: Unix time at which the scheduler ends it, as its first host reports; None without a limit, or before.
        limit_seconds: Seconds that were left then.
    """

    name: str
    infra: str
    gpus: int
    status: ClusterState
    launched_at: float
    price: float = 0.0
    ended_at: float | None = None
    note: str = ""
    job: int | None = None
    job_at: float = 0.0
    code: str = ""
    ends_at: float | None = None
    limit_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """A run that isn't over, and where it is.

    Attributes:
        order: Unix time at which the run was started; earlier runs go first.
        cluster: The cluster that the run is on or is meant for; None while it waits.
        at: Unix time at which it came into its state.
        gpu: The index of the GPU on which the host runs it; None before.
        since: Unix time at which it came into its phase, by the host's clock.
        cancelled: Whether it was asked to end.
    """

    run: str
    state: PlacementState
    order: float
    budget_seconds: float
    cluster: str | None = None
    at: float = 0.0
    gpu: str | None = None
    since: float | None = None
    cancelled: bool = False
