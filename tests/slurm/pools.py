"""Pools on the test bed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from labhand.server.backends.skypilot.client import SkyClient
from labhand.server.backends.skypilot.skypilot_backend import SkyPilotBackend
from labhand.server.pool_settings import SkyPilotPool
from typing_extensions import override

from ..waiting import until

PATIENCE_SECONDS = 900.0
"""For anything on a bed, on a busy machine."""
H100: Mapping[str, Any] = {"backend": "skypilot", "infra": "slurm/lab", "gpu": "H100", "gpus_per_cluster": 2, "idle_minutes": 3}


class OnItsOwn(SkyPilotBackend):
    """A backend that brings its own SkyPilot, so that entering one is all that a test has to do."""

    def __init__(self, place: Path, settings: SkyPilotPool) -> None:
        self._client = SkyClient()
        super().__init__("h100", settings, place, self._client)

    @override
    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        async with self._client, super().__asynccontextmanager__():
            yield self


def backend(place: Path, python: Path, **more: object) -> OnItsOwn:
    """A pool of one cluster of two H100, unless told otherwise."""
    return OnItsOwn(place, SkyPilotPool.model_validate({**H100, "python": str(python), **more}))


@asynccontextmanager
async def given_up_after(place: Path, python: Path) -> AsyncGenerator[None]:
    """Leave nothing of the lab in `place` running."""
    try:
        yield
    finally:
        await give_up_all(place, python)


async def give_up_all(place: Path, python: Path) -> None:
    """Tear all clusters of a lab down, and see that they are gone."""
    async with backend(place, python) as last:
        await last.scale(0)

        async def is_gone() -> bool:
            return all(cluster.status == "gone" for cluster in await last.clusters())

        await until(is_gone, PATIENCE_SECONDS)
        assert await last.remaining() == []


def work_folder(run: str) -> Path:
    """Where a run lies on the node on which it is."""
    [found] = Path("/run/bed").glob(f"**/.labhand/*/runs/{run}")
    return found
