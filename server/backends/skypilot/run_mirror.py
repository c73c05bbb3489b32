"""A run's folder on this machine, kept as its host tells: whoever reads it sees what a local run's folder would show."""

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

KEPT = ("log.txt", "runner.log", "curve.jsonl", "model.pt", "config.json", "sealed.json")
"""What a storage holds of a run beside its result."""


class RunMirror:
    """The folder of one run.

    Args:
        folder: Of the run, on this machine.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = LocalRunFolder(folder)

    @property
    def is_over(self) -> bool:
        """Whether there is a result."""
        return self._read.result() is not None

    def hear_phase(self, phase: str, at: float) -> None:
        """How far it is; a phase that lies behind it is an old line, read once more."""
        order = ("starting", "running", "evaluating")
        if phase in order and order.index(phase) >= order.index(self._read.phase()):
            self._write("phase", phase, at)

    def hear_points(self, points: Sequence[Any], at: float) -> None:
        """More of its curve; points that are there already are old lines, read once more."""
        curve = self._folder / "curve.jsonl"
        known = curve.read_text("utf-8").splitlines() if curve.exists() else []
        last = float(json.loads(known[-1])["seconds"]) if known else float("-inf")
        new = [json.dumps(point) for point in points if float(point["seconds"]) > last]
        if new:
            self._write("curve.jsonl", "\n".join([*known, *new]) + "\n", at)

    def hear_log(self, packed: str) -> None:
        """The end of its log."""
        with suppress(ValueError, zlib.error):
            text = zlib.decompress(base64.b64decode(packed, validate=True))
            half = self._folder / "log.txt.new"
            half.write_bytes(text)
            half.replace(self._folder / "log.txt")

    def hear_alive(self, at: float) -> None:
        """It gave a sign of life."""
        sign = self._folder / "alive"
        with suppress(FileNotFoundError):  # the person may have removed the folder
            sign.touch()
            os.utime(sign, (at, at))

    def hear_sealed(self, told: Mapping[str, Any]) -> None:
        """What came of the test split; nobody but the person's report reads it."""
        self._write("sealed.json", json.dumps(told) + "\n", time.time())

    def hear_result(self, result: Mapping[str, Any]) -> None:
        """Its result, which is final: the first one holds."""
        if not self.is_over:
            self._write("result.json", json.dumps(result) + "\n", time.time())

    def take_kept(self, kept: Path) -> bool:
        """Take the result from where the host has kept it; gives whether there was one."""
        result = LocalRunFolder(kept).result()
        if result is None:
            return False
        for name in KEPT:
            with suppress(FileNotFoundError):
                shutil.copyfile(kept / name, self._folder / f"{name}.new")
                (self._folder / f"{name}.new").replace(self._folder / name)
        self.hear_result(result)
        return True

    def _write(self, name: str, text: str, at: float) -> None:
        half = self._folder / f"{name}.new"
        half.write_text(text, "utf-8")
        os.utime(half, (at, at))
        half.replace(self._folder / name)


def cancelled(run: str) -> Mapping[str, Any]:
    """The result of a run that was cancelled before any runner saw it; docs/runs.md has its parts."""
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
