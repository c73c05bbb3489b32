"""From the start of a process to the end of the first step, and what a run in the lab spends beside training."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labhand.trainer.contract.run_folder import RunFolder
from labhand.trainer.contract.run_result import RunResult
from labhand.trainer.contract.starting.fork_server import ForkServer
from typing_extensions import override

from .arms import GPT, ROOT, Arm
from .children import in_children
from .scripts import ObservedSession, load, settle

NEW_PROCESS = """
import json, sys
from pathlib import Path
from benchmarks.trainer.starts import until_first_step
print(json.dumps(until_first_step(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))))
"""
LAB_SECONDS = 5.0
"""Of training in a run of the lab; start-up and evaluation don't depend on it."""
PARTS_OF_RUN = ("startup", "evaluation", "held")
LOOK_SECONDS = 0.05


class _FirstStepError(Exception):
    """The first step has ended."""


class OneStep(ObservedSession):
    """A session that ends the script after its first step."""

    @override
    def progress(self) -> float:
        """As of `Session`."""
        share = super().progress()
        if self.steps == 1:
            raise _FirstStepError
        return share


def until_first_step(folder: Path, began: float, core: int) -> Mapping[str, float]:
    """Train one step; seconds of wall clock since `began`, a time of `time.monotonic`, and CPU seconds of this process."""
    settle(1000, 1, core)
    script = load(folder, OneStep)
    try:
        script.main()
    except _FirstStepError:
        return {"wall": time.monotonic() - began, "cpu": time.process_time()}
    raise RuntimeError(f"{folder}: the script never looked at its progress after a step")


def forked(arm: Arm, core: int) -> Mapping[str, float]:
    """In a process that is forked from one that has torch loaded, as all runs of this benchmark are."""
    began = time.monotonic()
    return in_children([arm], lambda folder: until_first_step(folder, began, core))[0]


def warm(arm: Arm, core: int) -> Mapping[str, float]:
    """In a new interpreter."""
    return _in_new_process(arm, core, {})


def cold(arm: Arm, core: int) -> Mapping[str, float]:
    """In a new interpreter that has to compile all Python files, as the first one after an installation."""
    with tempfile.TemporaryDirectory() as empty:
        return _in_new_process(arm, core, {"PYTHONPYCACHEPREFIX": empty})


KINDS: Mapping[str, Callable[[Arm, int], Mapping[str, float]]] = {"cold": cold, "warm": warm, "forked": forked}


def _in_new_process(arm: Arm, core: int, variables: Mapping[str, str]) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / arm.name
        arm.lay_out(folder)
        command = [sys.executable, "-c", NEW_PROCESS, str(folder), str(time.monotonic()), str(core)]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | variables, stdout=subprocess.PIPE, text=True, check=True)
        answer: Mapping[str, float] = json.loads(done.stdout.splitlines()[-1])
        return answer


def in_the_lab(core: int) -> Mapping[str, float]:
    """A run of the built-in trainer by the lab's runner, in new processes.

    Returns:
        Wall seconds of `startup`, `evaluation` and the whole run (`held`), and as `CPU beside training` the CPU seconds that
        all processes took from the runner's start to its end, less training.

    Raises:
        RuntimeError: The run has no score.
    """
    with _laid_out(core) as folder:
        command = [sys.executable, "-P", "-m", "labhand.trainer.runner", str(folder)]
        before = _cpu_of_children()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        spent = _cpu_of_children() - before
        seconds = _seconds_of(folder)
        return {name: seconds[name] for name in PARTS_OF_RUN} | {"CPU beside training": spent - seconds["training"]}


def by_fork_server(core: int, server: ForkServer) -> Mapping[str, float]:
    """The same run in forks of a process that has loaded torch, without the CPU seconds: they aren't this process's children.

    Raises:
        RuntimeError: The run has no score, or the server doesn't work.
    """
    with _laid_out(core) as place:
        folder = RunFolder(place)
        if server.start_runner(folder, ()) is not None:
            raise RuntimeError("the fork server has started nothing")
        while folder.result() is None or folder.is_claimed():
            time.sleep(LOOK_SECONDS)
        seconds = _seconds_of(place)
        return {name: seconds[name] for name in PARTS_OF_RUN}


@contextmanager
def _laid_out(core: int) -> Generator[Path]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "e0001-1"
        shutil.copytree(GPT, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
        spec: Mapping[str, Any] = {
            **{"run": folder.name, "experiment": "e0001", "seed": 1, "budget_seconds": LAB_SECONDS, "clock": "cpu"},
            **{"device": "cpu", "cores": [core], "gpu": None, "sandbox_required": False},
        }
        (folder / "spec.json").write_text(json.dumps(spec), "utf-8")
        yield folder


def _seconds_of(folder: Path) -> Mapping[str, float]:
    result = RunResult.parse(json.loads((folder / "result.json").read_text("utf-8")))
    if result.score is None:
        raise RuntimeError(f"the run has no score: {result.failure}")
    return {name: float(value or 0) for name, value in result.seconds.items()}


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
