"""A run's folder on this machine, filled from what its host reports, so that readers find what a local run would leave."""

from __future__ import annotations

import base64
import json
import os
import shutil
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..runner_state import LocalRunFolder

STORED_FILES = ("log.txt", "runner.log", "curve.jsonl", "model.pt", "config.json", "sealed.json")
"""The files that a storage holds of a run, besides its result."""


class RunMirror:
    """The folder of one run.

    Args:
        folder: The run's folder on this machine.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = LocalRunFolder(folder)

    @property
    def is_over(self) -> bool:
        """Whether the run has a result."""
        return self._read.result() is not None

    def on_phase(self, phase: str, at: float) -> None:
        """Write the run's phase. An earlier phase than the present one comes from a line that was read before."""
        order = ("starting", "running", "evaluating")
        if phase in order and order.index(phase) >= order.index(self._read.phase()):
            self._write("phase", phase, at)

    def on_points(self, points: Sequence[Any], at: float) -> None:
        """Append points to the training curve. Points that are there already come from a line that was read before."""
        curve = self._folder / "curve.jsonl"
        lines = curve.read_text("utf-8").splitlines() if curve.exists() else []
        last = float(json.loads(lines[-1])["seconds"]) if lines else float("-inf")
        new = [json.dumps(point) for point in points if float(point["seconds"]) > last]
        if new:
            self._write("curve.jsonl", "\n".join([*lines, *new]) + "\n", at)

    def on_log(self, packed: str) -> None:
        """Write the end of the run's log.

        Args:
            packed: The text, compressed and in base64.
        """
        with suppress(ValueError, zlib.error):
            text = zlib.decompress(base64.b64decode(packed, validate=True))
            replacement = self._folder / "log.txt.new"
            replacement.write_bytes(text)
            replacement.replace(self._folder / "log.txt")

    def on_alive(self, at: float) -> None:
        """Note a sign of life."""
        sign = self._folder / "alive"
        with suppress(FileNotFoundError):  # the person may have removed the folder
            sign.touch()
            os.utime(sign, (at, at))

    def on_sealed(self, content: Mapping[str, Any]) -> None:
        """Write the score on the test split, which only the person's report reads."""
        self._write("sealed.json", json.dumps(content) + "\n", time.time())

    def on_result(self, result: Mapping[str, Any]) -> None:
        """Write the run's result, unless it has one: a result is final."""
        if not self.is_over:
            self._write("result.json", json.dumps(result) + "\n", time.time())

    def take_stored(self, stored: Path) -> bool:
        """Copy the result and all other files from the storage.

        Args:
            stored: The run's folder in the storage.

        Returns:
            Whether the storage had a result.
        """
        result = LocalRunFolder(stored).result()
        if result is None:
            return False
        for name in STORED_FILES:
            with suppress(FileNotFoundError):
                shutil.copyfile(stored / name, self._folder / f"{name}.new")
                (self._folder / f"{name}.new").replace(self._folder / name)
        self.on_result(result)
        return True

    def _write(self, name: str, text: str, at: float) -> None:
        replacement = self._folder / f"{name}.new"
        replacement.write_text(text, "utf-8")
        os.utime(replacement, (at, at))
        replacement.replace(self._folder / name)


def cancelled(run: str) -> Mapping[str, Any]:
    """Return the result of a run that was cancelled before any runner saw it; docs/runs.md describes its parts."""
    return {
        "run": run,
        "status": "cancelled",
        "score": None,
        "metric": None,
        "self_reported": None,
        "failure": None,
        "seconds": {"held": 0.0},
        "measures": {},
        "claimed": {},
        "device": {},
        "evaluator": None,
        "sandbox": {"files": "none", "network": "none"},
        "flags": [],
    }
