"""Makes the backend of each pool from its settings: the only module that knows which backends there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from ..domain import Direction
from ..pool_settings import LocalPool, PoolSettings, SimulatedPool, SkyPilotPool
from .base import Backend
from .local.local_backend import LocalBackend
from .simulated.simulated_backend import SimulatedBackend
from .skypilot.api import SkyApi
from .skypilot.client import SkyClient
from .skypilot.skypilot_backend import SkyPilotBackend


@dataclass(frozen=True, slots=True)
class LabBackends:
    """The backends of a lab.

    Attributes:
        by_pool: One for each pool, by the pool's name.
        shared: What several backends use. To be entered before any of them, and left after all of them.
    """

    by_pool: Mapping[str, Backend]
    shared: Sequence[AbstractAsyncContextManager[object]] = ()


def make_backends(pools: Mapping[str, PoolSettings], runs: Path, direction: Direction) -> LabBackends:
    """Make the backends of a lab's pools. It may ask the machine for its GPUs, which takes up to some seconds.

    Args:
        pools: The settings of the pools, by name.
        runs: The folder that holds the lab's run folders.
        direction: Whether the trainer's metric is minimized or maximized.
    """
    sky = SkyClient()
    return LabBackends({name: _make(name, pool, runs, direction, sky) for name, pool in pools.items()}, [sky])


def _make(name: str, pool: PoolSettings, runs: Path, direction: Direction, sky: SkyApi) -> Backend:
    match pool:
        case LocalPool():
            return LocalBackend(name, pool, runs)
        case SimulatedPool():
            return SimulatedBackend(name, pool, direction)
        case SkyPilotPool():
            return SkyPilotBackend(name, pool, runs, sky)
        case _:
            assert_never(pool)
