"""Which runs used the same slot: the database knows a run's pool, and not its slot."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar

OVERLAP_SECONDS = 0.5
"""By how much a run may begin before the one ended whose slot it takes: the clocks of two machines may differ slightly."""


class SlotUse(Protocol):
    """The time for which one run held a slot of a pool, as Unix times."""

    @property
    def pool(self) -> str: ...  # noqa: D102 - see the class
    @property
    def began(self) -> float: ...  # noqa: D102
    @property
    def ended(self) -> float: ...  # noqa: D102


U = TypeVar("U", bound=SlotUse)


class _Pool(Generic[U]):
    """The lanes of a pool: those that are free by their number, the others by the time at which they become free."""

    def __init__(self) -> None:
        self.lanes: list[list[U]] = []
        self._free: list[int] = []
        self._taken: list[tuple[float, int]] = []

    def add(self, use: U) -> None:
        """Add a run to the first lane that is free when it begins. The runs come in the order in which they began."""
        while self._taken and self._taken[0][0] <= use.began + OVERLAP_SECONDS:
            heappush(self._free, heappop(self._taken)[1])
        if not self._free:
            self.lanes.append([])
        lane = heappop(self._free) if self._free else len(self.lanes) - 1
        self.lanes[lane].append(use)
        heappush(self._taken, (use.ended, lane))


def assign_lanes(uses: Iterable[U]) -> list[tuple[str, list[U]]]:
    """Assign each run to the first free lane of its pool. Returns the lanes with their pools, in the order of the pools."""
    pools: dict[str, _Pool[U]] = {}
    for use in sorted(uses, key=lambda use: use.began):
        pools.setdefault(use.pool, _Pool()).add(use)
    return [(name, lane) for name, pool in sorted(pools.items()) for lane in pool.lanes]
