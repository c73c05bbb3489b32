"""Decides which run goes to which cluster, and when: as late as possible, but early enough to be there when a GPU gets free."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .state import Placement

MAX_RUNS_AHEAD = 4
"""Runs that may be sent ahead for one GPU, however short they are."""


@dataclass(frozen=True, slots=True)
class Lookahead:
    """How far ahead runs are sent, and how long they are expected to last.

    Attributes:
        lead_seconds: The next run is sent this long before a GPU gets free.
        extra_seconds: Time beside the budget that a run takes, if no run of its budget was measured.
        run_seconds: Measured time that a run holds its GPU, by budget.
    """

    lead_seconds: float
    extra_seconds: float
    run_seconds: Mapping[float, float]

    def duration(self, placement: Placement) -> float:
        """Return the seconds that a run is expected to hold its GPU."""
        return self.run_seconds.get(placement.budget_seconds, placement.budget_seconds + self.extra_seconds)


class DeliveryPlan:
    """The GPUs of the clusters that are up, ordered by the time at which each gets free.

    Args:
        gpus: The number of slots of each cluster, by its name: of GPUs, or of groups of them that a run takes at once.
        ends_at: Unix time at which the scheduler ends a cluster, for those with a time limit.
        placed: The runs that were given to clusters, in their order.
        lookahead: How far ahead to send.
        now: Unix time.
    """

    def __init__(
        self,
        gpus: Mapping[str, int],
        placed: Iterable[Placement],
        lookahead: Lookahead,
        now: float,
        ends_at: Mapping[str, float] | None = None,
    ) -> None:
        self._lookahead = lookahead
        self._now = now
        self._gpus = gpus
        self._ends_at = ends_at or {}
        by_cluster: dict[str, list[Placement]] = {name: [] for name in gpus}
        for placement in placed:
            if placement.cluster in by_cluster:
                by_cluster[placement.cluster].append(placement)
        self._ahead = {name: sum(p.gpu is None for p in own) for name, own in by_cluster.items()}
        self._free_at = [(at, name) for name, own in by_cluster.items() for at in self._free_times(gpus[name], own)]
        heapq.heapify(self._free_at)

    def _free_times(self, gpus: int, placed: Sequence[Placement]) -> Iterator[float]:
        """Yield the time at which each GPU of a cluster gets free, after the runs that are queued there."""
        running = [p for p in placed if p.gpu is not None]
        busy = [self._now] * max(0, gpus - len(running))
        busy += [max(self._now, (p.since or p.at) + self._lookahead.duration(p)) for p in running]
        heapq.heapify(busy)
        for placement in placed:
            if placement.gpu is None:
                heapq.heappush(busy, heapq.heappop(busy) + self._lookahead.duration(placement))
        return iter(heapq.nsmallest(gpus, busy))

    def place(self, placement: Placement) -> str | None:
        """Give a waiting run to a cluster, and return the cluster's name.

        Returns:
            None if it is too early for all clusters, or if no cluster has enough time left before its scheduler ends it.
        """
        too_short: list[tuple[float, str]] = []
        try:
            while self._free_at:
                at, name = self._free_at[0]
                if at > self._now + self._lookahead.lead_seconds:
                    return None
                if self._ahead[name] >= MAX_RUNS_AHEAD * self._gpus[name]:
                    heapq.heappop(self._free_at)
                    continue
                if not self._fits(placement, at, name):
                    too_short.append(heapq.heappop(self._free_at))
                    continue
                heapq.heapreplace(self._free_at, (at + self._lookahead.duration(placement), name))
                self._ahead[name] += 1
                return name
            return None
        finally:
            for entry in too_short:  # a shorter run may fit there
                heapq.heappush(self._free_at, entry)

    def _fits(self, placement: Placement, at: float, cluster: str) -> bool:
        """Return whether a run that begins at a time has its whole budget before a cluster is ended, whatever others took."""
        seconds = max(placement.budget_seconds + self._lookahead.extra_seconds, self._lookahead.duration(placement))
        return at + seconds <= self._ends_at.get(cluster, math.inf)

    def room(self, like: Placement) -> int:
        """Return how many more runs like this one would be placed now. The plan can't be used afterwards."""
        return sum(1 for _ in iter(lambda: self.place(like), None))
