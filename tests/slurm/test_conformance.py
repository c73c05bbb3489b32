"""The contract of backends, on a cluster that SkyPilot launches on a real Slurm."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from itertools import count
from pathlib import Path

import pytest
from labhand.server.backends.base import Backend
from labhand.server.testing.conformance import RunnerConformance
from typing_extensions import override

from .bed.control import Bed
from .pools import PATIENCE_SECONDS, backend, give_up_all, work_folder


@pytest.mark.timeout(3 * PATIENCE_SECONDS)
class TestSkyPilot(RunnerConformance):
    """One cluster of two GPUs, which the tests share."""

    patience = PATIENCE_SECONDS
    _tests = count()

    @pytest.fixture(scope="class")
    async def lab(self, bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Path]:
        """The run folders of one lab, whose clusters are torn down in the end."""
        place = tmp_path_factory.mktemp("lab") / "runs"
        place.mkdir()
        yield place
        await give_up_all(place, bed.python)

    @pytest.fixture(autouse=True)
    def on_a_bed(self, bed: Bed) -> None:
        self._python = bed.python
        self._first = 10 * next(self._tests)

    @pytest.fixture
    @override
    def place(self, lab: Path) -> Path:
        return lab

    @override
    def name(self, number: int) -> str:
        return super().name(self._first + number)

    @override
    def backend(self, place: Path) -> Backend:
        return backend(place, self._python)

    @override
    def where_it_runs(self, folder: Path) -> Path:
        return work_folder(folder.name)
