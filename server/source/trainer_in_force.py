"""The trainer of a lab that is open: read again when its files change, and kept as it was while they can't be used."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

from ..errors import LabhandError, SettingsError
from .run_knobs import refuse_missing_knobs
from .trainer_folder import FILE, Source, Trainer, load_trainer, read_folder

LOOK_SECONDS: Final = 1.0
"""Time between two looks at the files."""


class TrainerInForce:
    """A trainer, and what its folder holds. Make it with `read`.

    Attributes:
        trainer: As its `trainer.toml` described it when it could last be used.
        source: The folder's files at that time.
        trouble: Why the files of now aren't used; empty if they are.
    """

    def __init__(self, name: str, root: Path, trainer: Trainer, source: Source, *, only_toml: bool = False) -> None:
        self.trainer = trainer
        self.source = source
        self.trouble = ""
        self._name = name
        self._root = root
        self._only_toml = only_toml
        self._stamp = self._stamp_of_files()
        self._looked_at = time.monotonic()

    @classmethod
    def read(cls, name: str, root: Path, *, only_toml: bool = False) -> Self:
        """Read a trainer.

        Args:
            name: A built-in trainer, or a path relative to the lab's folder, as `labhand.toml` has it.
            root: The lab's folder.
            only_toml: Look for changes of `trainer.toml` alone.

        Raises:
            SettingsError: It doesn't exist, or can't be used.
            BadInputError: The folder can't be a source.
        """
        trainer, source = _read(name, root)
        return cls(name, root, trainer, source, only_toml=only_toml)

    def look(self) -> bool:
        """Read the trainer again if its files have changed, at most once a second; returns whether another one is in force.

        New files are noticed with the next change of a file that was there.
        """
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at = now
        stamp = self._stamp_of_files()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            trainer, source = _read(self._name, self._root)
            if trainer.name != self.trainer.name:
                raise SettingsError(
                    f"{trainer.folder / FILE} has the name {trainer.name!r} now, and the lab is one of {self.trainer.name!r}",
                    "Set the name back, or make another lab",
                )
        except LabhandError as error:
            self.trouble = str(error)
            return False
        self.trouble = ""
        self.trainer, self.source = trainer, source
        self._stamp = self._stamp_of_files()  # of the files that were read now
        return True

    def _stamp_of_files(self) -> tuple[tuple[str, int, int], ...]:
        """When each file was changed, and its size; a file that is gone has neither."""
        folder = self.trainer.folder
        paths: Iterable[str] = (FILE,) if self._only_toml else sorted({FILE, *self.source})
        return tuple((path, *_stamp(folder / path)) for path in paths)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size


def _read(name: str, root: Path) -> tuple[Trainer, Source]:
    trainer = load_trainer(name, root)
    source = read_folder(trainer.folder)
    refuse_missing_knobs(trainer, source)
    return trainer, source
