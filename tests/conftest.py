"""What every test may use."""

from __future__ import annotations

import atexit
import gc
import os
import warnings
from collections.abc import Iterator

import pytest

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    # Each worker of pytest-xdist has a core: more threads in torch and numpy would wait for one another.
    os.environ.setdefault(variable, "1")

gc.disable()  # nearly all that is made while the tests are imported stays
atexit.register(warnings.simplefilter, "ignore", ResourceWarning)  # programs that tests have detached may still run then


def pytest_collection_finish() -> None:
    """Never look again at what the import of the tests has left: hundreds of megabytes."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def slots_of_this_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Slots are locks that all labs of a machine share: no test waits for a lab of this machine, or for another worker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABHAND_SLOTS", str(tmp_path_factory.mktemp("slots")))
        yield
