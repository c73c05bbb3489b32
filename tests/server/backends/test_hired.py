"""The fake that tests of money stand on keeps the contract itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.backends.base import Backend
from labhand.server.pool_settings import SkyPilotPool
from labhand.server.testing.conformance import BackendConformance
from typing_extensions import override

from .hired import HiredBackend, Provider


class TestHired(BackendConformance):
    """Two clusters of one GPU."""

    @pytest.fixture(autouse=True)
    def provider(self) -> None:
        self.outside = Provider()

    @override
    def backend(self, place: Path) -> Backend:
        settings = SkyPilotPool(backend="skypilot", infra="slurm/lab", gpu="H100", max_clusters=2)
        return HiredBackend("h100", settings, self.outside)
