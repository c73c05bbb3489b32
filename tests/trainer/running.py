"""Run folders for tests, and runners on them: real processes, as a backend starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from labhand.trainer.contract.run_folder import RunFolder as LabRunFolder
from labhand.trainer.contract.starting.fork_server import ForkServer

PATIENCE = 150.0
"""Seconds of wall clock after which a condition won't come true any more."""

OUTPUT_TRAINER = """
name = "guess"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "loss"
source = "output"
"""

EVALUATED_TRAINER = """
name = "bigram"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "val_bpb"
[data]
corpus = "{corpus}"
vocabulary = 300
context = 32
[budget]
startup_seconds = {startup}
evaluation_seconds = 120
"""

BIGRAM = """
import torch
from labhand.trainer.session import Session

class Bigram(torch.nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.table = torch.nn.Parameter(torch.zeros(vocabulary, vocabulary))

    def forward(self, tokens):
        return self.table[tokens]

def build_model(config):
    return Bigram(config["vocabulary"])

def train(session, model, tokens):
    stream = torch.from_numpy(tokens.astype("int64"))
    step = 0
    while session.progress() < 1:
        at = torch.randint(len(stream) - 1, (4096,))
        loss = torch.nn.functional.cross_entropy(model(stream[at]), stream[at + 1])
        model.table.grad = None
        loss.backward()
        with torch.no_grad():
            model.table -= 100.0 * model.table.grad
        step += 1
        session.report(step=step, loss=loss.item(), tokens=step * 4096)

if __name__ == "__main__":
    session = Session.connect()
    torch.manual_seed(session.seed)
    config = {"vocabulary": session.vocabulary_size}
    model = build_model(config)
    tokens = session.ready()
    train(session, model, tokens)
    session.save(model, config)
"""


@dataclass
class RunFolder:
    """A run that a dispatcher has laid out."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])
    server: ForkServer | None = None

    @property
    def source(self) -> Path:
        return self.path / "source"

    @property
    def work(self) -> Path:
        return self.path / "work"

    def start(self) -> subprocess.Popen[str]:
        """Start a runner on it."""
        return subprocess.Popen(
            [sys.executable, "-m", "labhand.trainer.runner", str(self.path)],
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self) -> dict[str, Any]:
        """Run it to its result, by its fork server if it has one."""
        if self.server is not None:
            return self.run_by(self.server)
        with self.start() as runner:
            _, errors = runner.communicate(timeout=PATIENCE)
        assert runner.returncode == 0, errors
        assert not errors
        return self.result()

    def run_by(self, server: ForkServer) -> dict[str, Any]:
        """Run it to its result, started by a fork server."""
        folder = LabRunFolder(self.path)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            assert server.start_runner(folder, ()) is None, "the server didn't start it"
        eventually(lambda: (self.path / "result.json").exists() and not folder.is_claimed())
        lines = folder.runner_log.read_text().splitlines()
        assert all(line.startswith("LABHAND_RESULT ") for line in lines), lines
        return self.result()

    def result(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads((self.path / "result.json").read_text())
        return result

    def log(self) -> str:
        return (self.path / "log.txt").read_text()


MakeRun = Callable[..., RunFolder]


def lay_out(path: Path, trainer: str, train: str, **spec: object) -> RunFolder:
    """A run folder with a trainer of two files."""
    folder = RunFolder(path)
    folder.source.mkdir(parents=True)
    (folder.source / "trainer.toml").write_text(trainer)
    (folder.source / "train.py").write_text(train)
    defaults = {"run": path.name, "experiment": "e0001", "seed": 7, "budget_seconds": 1.0, "clock": "cpu", "device": "cpu"}
    (path / "spec.json").write_text(json.dumps(defaults | {"cores": [], "gpu": None} | spec))
    return folder


def core_of_this_worker() -> int:
    """Returns the core for the runs of this pytest worker, so that workers side by side don't share one."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % len(cores)]


def eventually(condition: Callable[[], bool]) -> None:
    """Look again and again until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet waited for doesn't."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat[stat.rindex(b")") + 2 :].split()[0] != b"Z"
