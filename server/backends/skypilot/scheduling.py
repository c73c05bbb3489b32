"""Which run goes to which cluster, and when: as late as possible, and yet so that it lies there when a GPU gets free."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .state import Placement

MOST_AHEAD = 4
"""Runs that may be sent ahead for one GPU, however short they are."""


@dataclass(frozen=True, slots=True)
class Lookahead:
    """How far one plans.

    Attributes:
        lead_seconds: Before a GPU gets free, its next run is sent.
        run_seconds: What a run of a budget takes in all; of others, the budget and `extra_seconds`.
    """

    lead_seconds: float
    extra_seconds: float
    run_seconds: Mapping[float, float]

    def lasts(self, placement: Placement) -> float:
        """How long a run holds its GPU, by what is known before."""
        return self.run_seconds.get(placement.budget_seconds, placement.budget_seconds + self.extra_seconds)


class DeliveryPlan:
    """The GPUs of the clusters that are up, by when each gets free.

    Args:
        gpus: Of each cluster.
        placed: The runs that were given to clusters, in their order.
        horizon: How far to plan.
        now: Unix time.
    """

    def __init__(self, gpus: Mapping[str, int], placed: Iterable[Placement], horizon: Lookahead, now: float) -> None:
        self._horizon = horizon
        self._now = now
        self._gpus = gpus
        by_cluster: dict[str, list[Placement]] = {name: [] for name in gpus}
        for placement in placed:
            if placement.cluster in by_cluster:
                by_cluster[placement.cluster].append(placement)
        self._ahead = {name: sum(p.gpu is None for p in own) for name, own in by_cluster.items()}
        self._free_at = [(at, name) for name, own in by_cluster.items() for at in self._frees(gpus[name], own)]
        heapq.heapify(self._free_at)

    def _frees(self, gpus: int, placed: Sequence[Placement]) -> Iterator[float]:
        """When each GPU of a cluster gets free, with what is queued there."""
        running = [p for p in placed if p.gpu is not None]
        busy = [self._now] * max(0, gpus - len(running))
        busy += [max(self._now, (p.since or p.at) + self._horizon.lasts(p)) for p in running]
        heapq.heapify(busy)
        for placement in placed:
            if placement.gpu is None:
                heapq.heappush(busy, heapq.heappop(busy) + self._horizon.lasts(placement))
        return iter(heapq.nsmallest(gpus, busy))

    def place(self, placement: Placement) -> str | None:
        """The cluster that a waiting run is given to; None when it is too early to give it to any."""
        while self._free_at:
            at, name = self._free_at[0]
            if at > self._now + self._horizon.lead_seconds:
                return None
            if self._ahead[name] >= MOST_AHEAD * self._gpus[name]:
                heapq.heappop(self._free_at)
                continue
            heapq.heapreplace(self._free_at, (at + self._horizon.lasts(placement), name))
            self._ahead[name] += 1
            return name
        return None

    def room(self, like: Placement) -> int:
        """How many more runs like this one would be placed now. The plan is used up by that."""
        return sum(1 for _ in iter(lambda: self.place(like), None))
