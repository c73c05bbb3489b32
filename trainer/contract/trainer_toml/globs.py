"""Globs over the files of a trainer folder, as `editable`, `include` and `exclude` of trainer.toml have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import PurePosixPath
from typing import Final

MAX_PATH_CHARACTERS: Final = 1000
"""Characters of a path that a glob may match: a glob of several stars takes time that grows as a power of the length."""


def matches(path: str, globs: Iterable[str]) -> bool:
    """Return whether a file matches one of the globs.

    Args:
        path: Relative to the folder, with slashes.
        globs: `*` and `?` stay within one folder; `**` stands for any number of folders.
    """
    return len(path) <= MAX_PATH_CHARACTERS and any(_expression(glob).fullmatch(path) for glob in globs)


def covers(path: str, globs: Iterable[str]) -> bool:
    """Return whether a file, or a folder that holds it, matches one of the globs: `data` covers `data/train/x.csv`."""
    wanted = tuple(globs)
    return bool(wanted) and any(matches(place, wanted) for place in [path, *folders_of(path)])


def folders_of(path: str) -> Iterator[str]:
    """Yield the folders that hold a relative path, the innermost first: `a/b`, `a` for `a/b/c`. pathlib is slow at it."""
    while folder := path.rpartition("/")[0]:
        yield folder
        path = folder


def names_hidden(path: str, glob: str) -> bool:
    """Return whether a glob names each hidden part of a path, as in a shell: `*` stands for no name that begins with a dot."""
    named = [part for part in PurePosixPath(glob).parts if part.startswith(".")]
    hidden = [part for part in PurePosixPath(path).parts if part.startswith(".")]
    return all(any(fnmatchcase(part, pattern) for pattern in named) for part in hidden)


def may_hold(folder: str, glob: str) -> bool:
    """Return whether a folder may hold files that a glob covers."""
    parts, patterns = PurePosixPath(folder).parts, PurePosixPath(glob).parts
    for part, pattern in zip(parts, patterns, strict=False):
        if pattern == "**":
            return True
        if not fnmatchcase(part, pattern):
            return False
    return True


@cache
def _expression(glob: str) -> re.Pattern[str]:
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces: list[str] = re.split(r"(\*\*/|\*\*|\*|\?)", str(PurePosixPath(glob)))
    return re.compile("".join(wild.get(piece, re.escape(piece)) for piece in pieces))
