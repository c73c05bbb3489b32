"""The run folder, as docs/runs.md describes it: claimed once, written so that a reader never sees half of anything."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any


class RunFolder:
    """The files of one run, by name."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.source = self.path / "source"
        self.work = self.path / "work"
        self.temporary = self.path / "tmp"
        self.log = self.path / "log.txt"
        self.curve = self.path / "curve.jsonl"
        self.model = self.path / "model.pt"
        self.config = self.path / "config.json"
        self.result = self.path / "result.json"
        self.sealed = self.path / "sealed.json"
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

    def make_work(self, leave_out: Callable[[str], bool] = lambda _: False) -> None:
        """Lay out what a command may change: a copy of the source, to work in, and a folder for temporary files.

        Args:
            leave_out: Tells of a file, relative to the source, whether the copy goes without it.
        """

        def left_out(folder: str, names: list[str]) -> list[str]:
            here = Path(folder).relative_to(self.source)
            return [name for name in names if leave_out((here / name).as_posix())]

        rmtree(self.work, ignore_errors=True)
        copytree(self.source, self.work, symlinks=True, ignore=left_out)
        self.renew_temporary()

    def renew_temporary(self) -> None:
        """Empty the folder for temporary files, so that nothing is handed on there."""
        rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()

    def used_bytes(self) -> int:
        """On the disk, by what the experiment may write."""
        places = (place for root in (self.work, self.temporary) for place in os.walk(root))
        return sum(_disk_bytes(Path(place, name)) for place, _, names in places for name in names)

    def take(self, name: str, largest: int) -> str | None:
        """Take a file over from the working copy, when nothing of the experiment runs any more.

        Args:
            name: Of the file, there and here.
            largest: Bytes that it may have.

        Returns:
            What is wrong with it; None when all is well.
        """
        try:
            found = os.lstat(self.work / name)
        except OSError:
            return "is missing"
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            return "is no plain file of its own"
        if found.st_size > largest:
            return f"is larger than {largest} bytes"
        (self.work / name).replace(self.path / name)
        return None

    def set_phase(self, phase: str) -> None:
        """Say where the run is: `starting`, `running` or `evaluating`."""
        self._replace("phase", phase)

    def write_sealed(self, told: Mapping[str, Any]) -> None:
        """Leave what came of the test split, for the person's report alone."""
        self._replace(self.sealed.name, json.dumps(told) + "\n")

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


def _disk_bytes(path: Path) -> int:
    with suppress(OSError):
        return 512 * path.lstat().st_blocks
    return 0
