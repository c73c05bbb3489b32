"""The test bed, for tests that drive a real Slurm through a real SkyPilot."""

from __future__ import annotations

from pathlib import Path

import pytest

from .bed.control import Bed, this_bed
from .bed.places import is_inside, missing

SECONDS = 600
"""For one test: clusters come up in half a minute, on a busy machine in three."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever stands in this folder takes its time, and meets SkyPilot's own warnings."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(SECONDS))
            item.add_marker(pytest.mark.filterwarnings("ignore"))
            item.add_marker("slow")


def pytest_runtest_setup() -> None:
    """Outside a bed these tests are skipped."""
    if not is_inside():
        pytest.skip(missing() or "no Slurm here: `make test-slurm` brings one up and runs these")


@pytest.fixture(scope="session")
def bed() -> Bed:
    """The bed that the tests run in."""
    return this_bed()
