"""`[checkpoint]`: what a command writes so that another run can go on from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from .globs import may_hold
from .toml_table import TomlTable

CHECKPOINT_KEYS: Final[Mapping[str, Any]] = {"path": None, "max_gib": None, "keep": None, "extends": None}
DEFAULT_MAX_GIB: Final = 16.0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a command leaves checkpoints, and how much of them is handed to the next run.

    Attributes:
        path: A file or a folder, relative to the working folder.
        max_gib: Of what is handed over, in GiB: the newest entries of the folder that fit.
        keep: `all` entries of the folder, or only the `last` one.
        extends: The schedule allows a run with a longer budget to go on from the checkpoint of a shorter run.
    """

    path: str
    max_gib: float = DEFAULT_MAX_GIB
    keep: str = "all"
    extends: bool = False


def read_checkpoint(table: TomlTable, artifacts: Iterable[str] = ()) -> Checkpoint:
    """Read the table `[checkpoint]`.

    Args:
        table: Of the file.
        artifacts: Globs of the files that are moved to the evaluator when training is over.
    """
    path = table.text("path")
    parts = PurePosixPath(path).parts
    if path and (PurePosixPath(path).is_absolute() or ".." in parts or not parts):
        table.problem("path", f'is {path!r} and has to be a path inside the trainer\'s folder, such as "checkpoints"')
    extends = table.flag("extends")
    for glob in artifacts if extends else ():
        if may_hold(path, glob):
            table.problem(
                "extends",
                f"needs all of {path}, and evaluator.artifacts takes {glob!r} from there: write the artifacts elsewhere",
            )
    return Checkpoint(path, table.positive("max_gib", DEFAULT_MAX_GIB), table.choice("keep", ("all", "last")), extends)
