"""The contract of backends, on clusters that SkyPilot launches on a real Slurm."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from labhand.server.backends.protocol import Backend
from typing_extensions import override

from ..server.backends.conformance import RunnerConformance
from .bed.control import Bed
from .pools import PATIENCE_SECONDS, backend, give_up_all, work_folder


@pytest.mark.timeout(3 * PATIENCE_SECONDS)
class TestSkyPilot(RunnerConformance):
    """One cluster of two GPUs."""

    patience = PATIENCE_SECONDS

    @pytest.fixture(autouse=True)
    async def on_a_bed(self, bed: Bed, place: Path, anyio_backend: str) -> AsyncGenerator[None]:
        self._python = bed.python
        yield
        await give_up_all(place, bed.python)

    @override
    def backend(self, place: Path) -> Backend:
        return backend(place, self._python)

    @override
    def where_it_runs(self, folder: Path) -> Path:
        return work_folder(folder.name)
