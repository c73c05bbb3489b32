"""Runs of the check: folders laid out as a dispatcher does, and the real runner on them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from labhand.trainer import gpt
from labhand.trainer.contract.run_folder import RunFolder
from labhand.trainer.contract.run_result import RunResult
from labhand.trainer.contract.run_spec import RunSpec

from .report import PartFailedError

PATIENCE = 240.0
"""Seconds in which every single run has to end."""
TICK = 0.02


def copy_gpt(folder: Path, text: Path, knobs: Mapping[str, str]) -> None:
    """The built-in trainer in a new folder, on another corpus and with knobs set.

    Raises:
        PartFailedError: There is no such knob.
    """
    shutil.copytree(Path(gpt.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    settings = folder / "trainer.toml"
    quoted = json.dumps(str(text))
    content = re.sub(r"(?m)^corpus = .*$", lambda _: f"corpus = {quoted}", settings.read_text("utf-8"))
    settings.write_text(content, "utf-8")
    script = folder / "train.py"
    content = script.read_text("utf-8")
    for name, value in knobs.items():
        setting = f"{name} = {value}  ".replace("\\", r"\\")
        content, found = re.subn(rf"(?m)^{re.escape(name)} = [^#\n]*", setting, content)
        if not found:
            raise PartFailedError(f"train.py has no knob {name}; --set takes the names at its beginning")
    script.write_text(content, "utf-8")


class CheckRun:
    """A run with its runner.

    Args:
        folder: Of the run, with a `source/`.
        spec: What to run, and where.
        cache: What `LABHAND_CACHE` is for the runner.
    """

    def __init__(self, folder: Path, spec: RunSpec, cache: Path) -> None:
        self.folder = RunFolder(folder)
        self.folder.write_spec(spec)
        self._environment = os.environ | {"LABHAND_CACHE": str(cache)}
        self._runner: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the runner."""
        command = [sys.executable, "-P", "-m", "labhand.trainer.runner", str(self.folder.path)]
        with self.folder.runner_log.open("wb") as log:
            self._runner = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment)

    def finish(self) -> RunResult:
        """Wait for the result.

        Raises:
            PartFailedError: There is no score.
        """
        assert self._runner is not None
        try:
            self._runner.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise PartFailedError(f"{self.folder.path.name} didn't end within {PATIENCE:g} s") from None
        finally:
            self.end()
        result = self.folder.result()
        if result is None:
            said = self.folder.runner_log.read_text("utf-8", "replace").strip().splitlines()[-1:]
            raise PartFailedError(f"the runner left no result; it said {' '.join(said) or 'nothing'}")
        if result.score is None:
            failure = result.failure
            why = "it was cancelled" if failure is None else f"{failure.kind}: {failure.message}"
            raise PartFailedError(f"{self.folder.path.name} has no score: {why}")
        return result

    def run(self) -> RunResult:
        """Start, and wait for the result."""
        self.start()
        return self.finish()

    def until_phase(self, phase: str) -> float:
        """Wait until the run is so far; returns when that was seen, by the monotonic clock.

        Raises:
            PartFailedError: It ended before, or doesn't get there.
        """
        deadline = time.monotonic() + PATIENCE
        while self.folder.phase() != phase:
            if time.monotonic() > deadline or self.folder.result_file.exists():
                result = self.folder.result()
                why = "" if result is None or result.failure is None else f": {result.failure.message}"
                raise PartFailedError(f"{self.folder.path.name} never came to the phase {phase!r}{why}")
            time.sleep(TICK)
        return time.monotonic()

    def end(self) -> None:
        """End the runner if it lives. It ends its experiment."""
        if self._runner is None or self._runner.poll() is not None:
            return
        self._runner.terminate()
        try:
            self._runner.wait(20)
        except subprocess.TimeoutExpired:
            self._runner.kill()
            self._runner.wait()
