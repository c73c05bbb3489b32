"""`[keep]`: what is kept of a working folder when its run is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from .toml_table import TomlTable

KEEP_KEYS: Final[Mapping[str, Any]] = {"files": None, "max_mib": None}
DEFAULT_MAX_MIB: Final = 256.0


@dataclass(frozen=True, slots=True)
class Keep:
    """The files that a command leaves for a person to look at.

    Attributes:
        files: Paths or globs in the working folder; `**` stands for any number of folders.
        max_mib: Of all of them together, in MiB: the smallest files come first.
    """

    files: tuple[str, ...] = ()
    max_mib: float = DEFAULT_MAX_MIB


def read_keep(table: TomlTable) -> Keep:
    """Read the table `[keep]`."""
    files = table.words("files")
    for glob in files:
        if PurePosixPath(glob).is_absolute() or ".." in PurePosixPath(glob).parts:
            table.problem("files", f'is {glob!r} and has to be a path inside the working folder, such as "plots/*.png"')
    return Keep(files, table.positive("max_mib", DEFAULT_MAX_MIB))
