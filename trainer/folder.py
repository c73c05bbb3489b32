"""The run folder, as docs/runs.md describes it: claimed once, written so that a reader never sees half of anything."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


class RunFolder:
    """The files of one run, by name."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.source = self.path / "source"
        self.log = self.path / "log.txt"
        self.curve = self.path / "curve.jsonl"
        self.model = self.path / "model.pt"
        self.config = self.path / "config.json"
        self.result = self.path / "result.json"
        self._claim: int | None = None

    def claim(self) -> bool:
        """Make this run ours for as long as the process lives; False when it was claimed before, by whomever.

        The file is locked before it gets its name, so that nobody finds a fresh claim unlocked.
        """
        ours = self.path / f"claim.{os.getpid()}"
        descriptor = os.open(ours, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, str(os.getpid()).encode())
        try:
            os.link(ours, self.path / "claim")
        except FileExistsError:
            os.close(descriptor)
            return False
        finally:
            ours.unlink()
        self._claim = descriptor
        return True

    def set_phase(self, phase: str) -> None:
        """Say where the run is: `starting`, `running` or `evaluating`."""
        self._replace("phase", phase)

    def write_result(self, result: Mapping[str, Any]) -> str:
        """Leave the result for good, and give it as one line."""
        line = json.dumps(result)
        self._replace("result.json", line + "\n")
        return line

    def _replace(self, name: str, text: str) -> None:
        written = self.path / f"{name}.new"
        with suppress(FileNotFoundError):
            written.unlink()  # whatever the experiment may have put there
        with written.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        written.replace(self.path / name)
        folder = os.open(self.path, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
