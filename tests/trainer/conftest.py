"""What tests of the trainer share: one prepared corpus, and runs of a small trainer on it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from labhand.trainer.contract.starting.fork_server import ForkServer

from .corpus import prepare_small_corpus
from .running import BIGRAM, EVALUATED_TRAINER, MakeRun, RunFolder, core_of_this_worker, lay_out


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the text of a corpus in `texts`, and that corpus prepared in `cache`; tests only read it."""
    place = tmp_path_factory.mktemp("corpus")
    prepare_small_corpus(place / "texts", place / "cache")
    return place


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """What starts the runners of a lab on this machine; it costs nothing until it is used."""
    server = ForkServer(sys.executable, cores=1)
    yield server
    server.close()


@pytest.fixture
def make_run(tmp_path: Path, small_corpus: Path, fork_server: ForkServer) -> MakeRun:
    """Returns a function that lays out a run of the bigram trainer, with parts of its train.py replaced."""

    def make(*replace: tuple[str, str], name: str = "e0001-1", startup: float = 60, **spec: object) -> RunFolder:
        train = BIGRAM
        for old, new in replace:
            assert old in train
            train = train.replace(old, new)
        trainer = EVALUATED_TRAINER.format(corpus=small_corpus / "texts", startup=startup)
        run = lay_out(tmp_path / name, trainer, train, **{"cores": [core_of_this_worker()]} | spec)
        run.server = fork_server
        run.environment["LABHAND_CACHE"] = str(small_corpus / "cache")
        return run

    return make
