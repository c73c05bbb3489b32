"""What a trainer folder holds and an experiment's copy doesn't, with the line of trainer.toml that would bring it in.

The server finds such files where it reads the folder. The runner names them where a run failed because of one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..trainer_toml.trainer_file import TrainerFile

MAX_LEFT_OUT: Final = 200
"""Entries that a run's `spec.json` lists."""
MAX_FILE_BYTES: Final = 4 << 20
"""Bytes that one file of a source may have. A larger file can only be linked."""


@dataclass(frozen=True, slots=True)
class LeftOutPath:
    """A file or folder that isn't part of a trainer's source.

    Attributes:
        path: Relative to the trainer folder; that of a folder ends with a slash.
        why: The reason, as `git ignores it`.
        remedy: The line of trainer.toml that brings it in, and where the line belongs; empty if nothing does.
    """

    path: str
    why: str
    remedy: str = ""

    def as_text(self) -> str:
        """For a list that a person or an agent reads."""
        return f"{self.path} ({self.why})"


def line_to_include(trainer: TrainerFile | None, path: str) -> str:
    """Return the line of trainer.toml that makes a file part of the source, and where it belongs."""
    return f"{_assignment('include', [*(trainer.include if trainer else ()), path])} at the top of trainer.toml"


def line_to_exclude(trainer: TrainerFile | None, path: str) -> str:
    """Return the line of trainer.toml that leaves a file or folder out of the source, and where it belongs."""
    return f"{_assignment('exclude', [*(trainer.exclude if trainer else ()), path])} at the top of trainer.toml"


def line_to_link(trainer: TrainerFile | None, path: str) -> str:
    """Return the line of trainer.toml that links a file or folder read-only into each run, and where it belongs."""
    return f"{_assignment('paths', [*(trainer.data_paths if trainer else ()), path.rstrip('/')])} under [data] in trainer.toml"


def _assignment(key: str, values: Sequence[str]) -> str:
    return f"{key} = {json.dumps(list(dict.fromkeys(values)), ensure_ascii=False)}"
