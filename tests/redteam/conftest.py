"""A lab's places as an exploit finds them, and the honest run that all are compared with."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from labhand.trainer.contract.starting.fork_server import ForkServer
from labhand.trainer.sandbox.policy import SWITCH

from ..trainer.corpus import prepare_small_corpus
from ..trainer.evaluator.script.scoring import TRAIN as LINE
from ..trainer.evaluator.script.scoring import make_data, run_line
from ..trainer.running import BIGRAM, EVALUATED_TRAINER, RunFolder, core_of_this_worker, lay_out
from .exploit import Exploit

UNTIL, BRIEFLY = "session.progress() < 1", "session.progress() < 1 and step < 20"
"""Training stops at a number of steps, so that whoever trains honestly comes to the very same score."""
RUNNER = "int(open(f'/proc/{os.getppid()}/stat').read().split()[3])"
"""How an experiment finds its runner: the parent of its parent."""


@dataclass(frozen=True)
class Attacked:
    """What became of an exploit.

    Attributes:
        result: Of the run.
        log: What an agent can read of it.
        sandbox: What was in force.
    """

    result: dict[str, Any]
    log: str

    @property
    def sandbox(self) -> dict[str, Any]:
        sandbox: dict[str, Any] = self.result["sandbox"]
        return sandbox


Attack = Callable[..., Attacked]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder as a lab has it: a database, another run, a cache, a home with secrets; and who listens on a port."""
    place = tmp_path_factory.mktemp("lab")
    prepare_small_corpus(place / "texts", place / "cache")
    (place / "lab.db").write_text("s3cret")
    (place / "home").mkdir()
    (place / "home" / ".netrc").write_text("s3cret")
    (place / "runs" / "e0000-1").mkdir(parents=True)
    (place / "runs" / "e0000-1" / "model.pt").write_text("s3cret")
    yield place
    Path("/dev/shm/labhand-left").unlink(missing_ok=True)  # noqa: S108


@pytest.fixture(scope="session")
def server() -> Iterator[ForkServer]:
    """What starts the runners of a lab on this machine."""
    server = ForkServer(sys.executable, cores=1)
    yield server
    server.close()


@pytest.fixture(scope="session")
def attack(lab: Path, server: ForkServer) -> Iterator[Attack]:
    """Run an exploit as any experiment is run: by a fork server, or as a new process (`forked=False`)."""
    (corpus,) = (lab / "cache" / "corpora").iterdir()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        names = {
            "{lab}": str(lab),
            "{cache}": str(lab / "cache"),
            "{corpus}": corpus.name,
            "{texts}": str(lab / "texts"),
            "{other}": str(lab / "runs" / "e0000-1"),
            "{runner}": RUNNER,
            "{port}": str(listening.getsockname()[1]),
        }

        def run(exploit: Exploit, *, landlock: bool = True, forked: bool = True) -> Attacked:
            train = BIGRAM.replace(UNTIL, BRIEFLY)
            for old, new in exploit.edits:
                assert old in train, f"{exploit.name}: the honest trainer has no {old!r}"
                for name, meaning in names.items():
                    new = new.replace(name, meaning)
                train = train.replace(old, new)
            spec = {"budget_seconds": 10.0, "cores": [core_of_this_worker()]} | exploit.spec
            number = len(list((lab / "runs").iterdir()))
            trainer = EVALUATED_TRAINER.format(corpus=lab / "texts", startup=300)
            folder: RunFolder = lay_out(lab / "runs" / f"e{number:04}-1", trainer, train, **spec)
            folder.environment |= {
                "LABHAND_CACHE": str(lab / "cache"),
                "HOME": str(lab / "home"),
                "AWS_SECRET_ACCESS_KEY": "s3cret",
                SWITCH: "0" if landlock else "1",
            }
            return Attacked(folder.run_by(server) if forked else folder.run(), folder.log())

        yield run


@pytest.fixture(scope="session")
def attack_script(tmp_path_factory: pytest.TempPathFactory) -> Attack:
    """Run an exploit of a trainer that the person's own evaluator scores."""
    place = tmp_path_factory.mktemp("own")
    make_data(place / "data")
    for split in ("test", "sealed"):
        (place / "data" / split / "secret.txt").write_text("s3cret")

    def run(exploit: Exploit, *, landlock: bool = True) -> Attacked:
        train = LINE
        for old, new in exploit.edits:
            train = train.replace(old, new.replace("{data}", str(place / "data")))
        scored = run_line(place, train, environment={SWITCH: "0" if landlock else "1"}, sealed=True)
        return Attacked(scored.result, scored.folder.log())

    return run


@pytest.fixture(scope="session")
def honest_script(attack_script: Attack) -> Attacked:
    """The trainer that the person's own evaluator scores, as it is."""
    return attack_script(Exploit("none", (), "harmless"))


@pytest.fixture(scope="session")
def honest(attack: Attack) -> Attacked:
    """The trainer as it is."""
    return attack(Exploit("none", (), "harmless"))
