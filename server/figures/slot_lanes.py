"""Which runs used the same slot: the database knows a run's pool, and not its slot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

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


def assign_lanes(uses: Iterable[U]) -> list[tuple[str, list[U]]]:
    """Assign each run to the first free lane of its pool. Returns the lanes with their pools, in the order of the pools."""
    lanes: list[tuple[str, list[U]]] = []
    for use in sorted(uses, key=lambda use: use.began):
        free = (lane for pool, lane in lanes if pool == use.pool and lane[-1].ended <= use.began + OVERLAP_SECONDS)
        lane = next(free, None)
        if lane is None:
            lane = []
            lanes.append((use.pool, lane))
        lane.append(use)
    return sorted(lanes, key=lambda named: named[0])
