"""Runs of a trainer that takes no libraries and as long as a test wants."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
from labhand.server.backends.base import Backend, ClusterBackend, Phase, RunReport, StartRequest
from labhand.server.domain import Run, RunStatus
from labhand.trainer.contract.run_result import RunResult

PATIENCE_SECONDS = 90.0
"""How long tests wait for anything: the machine may be a busy one."""
LONG_SECONDS = 120.0
"""Duration of a run that the test ends itself."""
LOOK_SECONDS = 0.02
ENDED = frozenset({Phase.FINISHED, Phase.LOST})
TRAIN = """\
import os, random, time

X, Y = 1.0, 0.0
for step in range(8):
    time.sleep({duration} / 8)
    print(f"step {{step}} loss: {{(X - 3) ** 2 + (Y + 1) ** 2 / 2 + 1 / (step + 1):.4f}}", flush=True)
noise = random.Random(os.environ.get("LABHAND_SEED", "0")).gauss(0, 0.05)
print(f"val_loss: {{(X - 3) ** 2 + (Y + 1) ** 2 / 2 + noise:.6f}}")
"""
TRAINER = """\
name = "sample"
editable = ["train.py"]
command = ["python", "train.py"]

[metric]
name = "val_loss"
direction = "minimize"
source = "output"

[budget]
seconds = 5
cpu_seconds = 5
startup_seconds = 10
evaluation_seconds = 5
"""


def run_folder(place: Path, name: str, duration: float = 0.02) -> Path:
    """Fill a run folder as the dispatcher does.

    Args:
        place: The folder of all run folders.
        name: The run's name, such as `e0001-1`.
        duration: Seconds that the training takes.

    Returns:
        The run folder.
    """
    folder = place / name
    (folder / "source").mkdir(parents=True)
    (folder / "source" / "train.py").write_text(TRAIN.format(duration=duration), "utf-8")
    (folder / "source" / "trainer.toml").write_text(TRAINER, "utf-8")
    spec: Mapping[str, Any] = {
        "run": name,
        "experiment": name.partition("-")[0],
        "seed": 7,
        "budget_seconds": LONG_SECONDS,
        "clock": "cpu",
        "device": "cpu",
        "cores": [],
        "gpu": None,
        "sandbox_required": False,
    }
    (folder / "spec.json").write_text(json.dumps(spec), "utf-8")
    return folder


def sample_run(name: str, handle: Mapping[str, Any] | None = None) -> Run:
    """Return a run as the store would, with a backend's handle if it was started."""
    now = time.time()
    return Run(name, int(name[1:5]), int(name[6:]), "local", handle or {}, RunStatus.STARTING, now, now)


async def start(backend: Backend, folder: Path) -> Run:
    """Start the run whose folder this is, and return it with its handle."""
    knobs = {"X": 1.0, "Y": 0.0}
    request = StartRequest(folder.name, folder, seed=7, budget_seconds=LONG_SECONDS, commit="c0ffee", knobs=knobs)
    return sample_run(folder.name, await backend.start(request))


async def look(backend: Backend, run: Run) -> RunReport:
    """Poll one run."""
    return (await backend.poll([run]))[run.id]


async def until(backend: Backend, run: Run, phase: Phase, patience: float = PATIENCE_SECONDS) -> RunReport:
    """Poll until a run is in a phase, and return the last report.

    Raises:
        AssertionError: The run has ended in another phase.
        TimeoutError: It took more than `patience` seconds; says what the backend reports of itself.
    """

    async def is_there() -> bool:
        report = await look(backend, run)
        assert report.phase not in ENDED - {phase}, report
        return report.phase == phase

    try:
        await wait_until(is_there, patience)
    except TimeoutError:
        clusters = await backend.clusters() if isinstance(backend, ClusterBackend) else ()
        seen = (await look(backend, run), await backend.pool(), *clusters)
        raise TimeoutError(f"{run.id} was not {phase} within {patience:g} s: {'; '.join(map(str, seen))}") from None
    return await look(backend, run)


async def end(backend: Backend, *runs: Run, patience: float = PATIENCE_SECONDS) -> None:
    """Cancel runs, and wait until they are over."""
    for run in runs:
        await backend.cancel(run)
    for run in runs:
        await until(backend, run, Phase.FINISHED, patience)


async def wait_until(holds: Callable[[], Awaitable[object] | object], patience: float = PATIENCE_SECONDS) -> None:
    """Call a function until what it returns, or what awaiting that returns, is true.

    Raises:
        TimeoutError: It took more than `patience` seconds.
    """
    with anyio.fail_after(patience):
        while not (await answer if inspect.isawaitable(answer := holds()) else answer):  # noqa: ASYNC110 - no event is set
            await anyio.sleep(LOOK_SECONDS)


def processes_in(folder: Path) -> list[str]:
    """Return the command lines of the processes whose working folder is `folder` or below it."""
    commands: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder):
                commands.append((process / "cmdline").read_text("utf-8"))
        except OSError:  # it has ended meanwhile
            continue
    return commands


def result_of(report: RunReport) -> RunResult:
    """Return the result of a run that has finished."""
    assert report.result is not None
    return report.result
