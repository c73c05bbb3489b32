"""A run's folder on this machine, kept as its host tells: whoever reads it sees what a local run's folder would show."""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ....trainer.contract.files import copy_whole, write_whole
from ....trainer.contract.run_folder import ALIVE, KEPT, PHASE, RESULT, RunFolder

_ORDER = ("starting", "running", "evaluating")


class RunMirror:
    """The folder of one run.

    Args:
        folder: Of the run, on this machine.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = RunFolder(folder)

    @property
    def is_over(self) -> bool:
        """Whether there is a result."""
        return self._folder.result_json() is not None

    def hear_phase(self, phase: str, at: float) -> None:
        """How far it is; a phase that lies behind it is an old line, read once more."""
        if phase in _ORDER and _ORDER.index(phase) >= _ORDER.index(self._folder.phase() or "starting"):
            write_whole(self._folder.path / PHASE, phase, flush=False, modified_at=at)

    def hear_points(self, points: Sequence[Any], at: float) -> None:
        """More of its curve; points that are there already are old lines, read once more."""
        curve = self._folder.curve
        known = curve.read_text("utf-8").splitlines() if curve.exists() else []
        last = float(json.loads(known[-1])["seconds"]) if known else float("-inf")
        new = [json.dumps(point) for point in points if float(point["seconds"]) > last]
        if new:
            write_whole(curve, "\n".join([*known, *new]) + "\n", flush=False, modified_at=at)

    def hear_log(self, packed: str) -> None:
        """The end of its log."""
        with suppress(ValueError, zlib.error):
            text = zlib.decompress(base64.b64decode(packed, validate=True))
            write_whole(self._folder.log, text, flush=False)

    def hear_alive(self, at: float) -> None:
        """It gave a sign of life."""
        sign = self._folder.path / ALIVE
        with suppress(FileNotFoundError):  # the person may have removed the folder
            sign.touch()
            os.utime(sign, (at, at))

    def hear_sealed(self, told: Mapping[str, Any]) -> None:
        """What came of the test split; nobody but the person's report reads it."""
        self._folder.write_sealed(told)

    def hear_result(self, result: Mapping[str, Any]) -> None:
        """Its result as its host sent it, which is final: the first one holds."""
        if not self.is_over:
            write_whole(self._folder.result_file, json.dumps(result) + "\n")

    def take_kept(self, kept: Path) -> bool:
        """Take the result from where the host has kept it; gives whether there was one."""
        result = RunFolder(kept).result_json()
        if result is None:
            return False
        for name in KEPT:
            if name != RESULT and (kept / name).is_file():
                copy_whole(kept / name, self._folder.path / name)
        self.hear_result(result)
        return True
