"""A run's folder on this machine, filled from what its host reports, so that readers find what a local run would leave."""

from __future__ import annotations

import base64
import json
import os
import re
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ....trainer.contract.files import copy_whole, read_bounded, write_whole
from ....trainer.contract.json_objects import decode
from ....trainer.contract.run_folder import ALIVE, KEPT, PHASE, RESULT, RunFolder
from ....trainer.contract.run_result import MAX_BYTES, RunResult

_PHASES = ("starting", "running", "evaluating")
_SIGNALLED = re.compile(r" ended by signal (?:1|9|15)\b| was killed from outside")
"""What a runner says of a command that got a signal which a scheduler sends to everything on a machine."""


def may_be_clusters_end(result: Mapping[str, Any], *, was_cancelled: bool) -> bool:
    """Return whether a result may come from the end of the cluster rather than from the run itself.

    A scheduler that ends a cluster sends signals to the runner, which takes them for a request to end, and to the training
    script, which then looks crashed.

    Args:
        result: The content of `result.json`.
        was_cancelled: Whether the lab asked the run to end.
    """
    read = RunResult.read(result)
    if was_cancelled:
        return False
    return read.status == "cancelled" or (read.failure is not None and bool(_SIGNALLED.search(read.failure.message)))


class RunMirror:
    """The folder of one run.

    Args:
        folder: The run's folder on this machine.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = RunFolder(folder)

    @property
    def is_over(self) -> bool:
        """Whether the run has a result."""
        return self._folder.result_json() is not None

    def on_phase(self, phase: str, at: float) -> None:
        """Write the run's phase. An earlier phase than the present one comes from a line that was read before."""
        if phase in _PHASES and _PHASES.index(phase) >= _PHASES.index(self._folder.phase() or "starting"):
            write_whole(self._folder.path / PHASE, phase, flush=False, modified_at=at)

    def on_points(self, points: Sequence[Any], at: float) -> None:
        """Append points to the training curve. Points that are there already come from a line that was read before."""
        curve = self._folder.curve
        lines = curve.read_text("utf-8").splitlines() if curve.exists() else []
        last = float(json.loads(lines[-1])["seconds"]) if lines else float("-inf")
        new = [json.dumps(point) for point in points if float(point["seconds"]) > last]
        if new:
            write_whole(curve, "\n".join([*lines, *new]) + "\n", flush=False, modified_at=at)

    def on_log(self, packed: str) -> None:
        """Write the end of the run's log.

        Args:
            packed: The text, compressed and in base64.
        """
        with suppress(ValueError, zlib.error):
            text = zlib.decompress(base64.b64decode(packed, validate=True))
            write_whole(self._folder.log, text, flush=False)

    def on_alive(self, at: float) -> None:
        """Note a sign of life."""
        sign = self._folder.path / ALIVE
        with suppress(FileNotFoundError):  # the person may have removed the folder
            sign.touch()
            os.utime(sign, (at, at))

    def on_sealed(self, content: Mapping[str, Any]) -> None:
        """Write the score on the test split, which only the person's report reads."""
        self._folder.write_sealed(content)

    def on_result(self, result: Mapping[str, Any]) -> None:
        """Write the run's result, unless it has one: a result is final."""
        if not self.is_over:
            write_whole(self._folder.result_file, json.dumps(result) + "\n")

    def end_unstarted(self) -> None:
        """Write the result of a run that no runner has seen: it was cancelled."""
        if not self.is_over:
            self._folder.write_result(RunResult.cancelled(self._folder.path.name))

    def take_stored(self, stored: Path, *, was_cancelled: bool) -> bool:
        """Copy the result and all other files from the storage.

        Args:
            stored: The run's folder in the storage.
            was_cancelled: Whether the lab asked the run to end.

        Returns:
            Whether the storage had a result of the run's own.
        """
        # A storage may show a file before all of it has arrived: that is no result yet.
        result = decode(read_bounded(RunFolder(stored).result_file, MAX_BYTES))
        if result is None or may_be_clusters_end(result, was_cancelled=was_cancelled):
            return False
        for name in KEPT:
            if name != RESULT and (stored / name).is_file():
                copy_whole(stored / name, self._folder.path / name)
        self.on_result(result)
        return True
