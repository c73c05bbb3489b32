"""Failures that come of a file which is in the trainer folder and not in the experiment's copy of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from ...contract.trainer_folder.left_out import MAX_FILE_BYTES, LeftOutPath, line_to_include, line_to_link
from ...sandbox.policy import Confinement

_MISSING_PATH: Final = re.compile(
    r"\[Errno 2\][^'\"\n]{0,80}['\"]([^'\"\n]{1,1000})['\"]|([^\s:'\"]{1,1000})['\"]?: No such file or directory"
)
_MAX_PATHS: Final = 20
"""Missing paths of a log that are looked for."""
_MAX_CLIMB: Final = 3
"""Folders above the trainer folder in which a missing path is looked for."""
_MIN_NAME: Final = 4
"""Characters that a left-out name needs to be recognised in a log without more."""


def left_out_file(text: str, bounds: Confinement) -> tuple[str, str] | None:
    """Find out whether a command failed because a file was left out of the experiment's copy of the trainer.

    Args:
        text: The lines of its output that matter.
        bounds: The sandbox that it ran in, with what it ran.

    Returns:
        What was missing, and the line of trainer.toml that brings it in; None if the log names nothing that was left out.
    """
    missing = list(_missing_paths(text, bounds))
    for path in missing:
        if entry := _listed(path, bounds.spec.left_out) or _on_this_machine(path, bounds):
            return _as_refusal(path, entry)
    named = next((entry for entry in bounds.spec.left_out if _is_named(entry.path, text)), None)
    return None if named is None else _as_refusal(named.path, named)


def _as_refusal(path: str, entry: LeftOutPath) -> tuple[str, str]:
    what = f"{path} isn't in the experiment's copy of the trainer folder: {entry.why}"
    remedy = f"A person can change that: {entry.remedy}." if entry.remedy else f"{entry.path} never becomes part of a source."
    return what, f"Do without that file. {remedy}"


def _missing_paths(text: str, bounds: Confinement) -> Iterator[str]:
    """Yield the paths that the log says are missing, relative to the working copy."""
    for number, match in enumerate(_MISSING_PATH.finditer(text)):
        if number == _MAX_PATHS:
            return
        path = match[1] or match[2]
        if path.startswith("/"):
            # A path outside of the run's folder isn't one that was derived from the working copy.
            if not Path(os.path.normpath(path)).is_relative_to(bounds.source.parents[1]):
                continue
            path = os.path.relpath(path, bounds.work)
        yield os.path.normpath(path)


def _listed(path: str, left_out: tuple[LeftOutPath, ...]) -> LeftOutPath | None:
    return next((entry for entry in left_out if PurePosixPath(path).is_relative_to(entry.path)), None)


def _on_this_machine(path: str, bounds: Confinement) -> LeftOutPath | None:
    """Look for a missing path beside the trainer's files. They lie on the machine of the lab, and on no cluster."""
    folder = bounds.spec.trainer_folder
    parts = PurePosixPath(path).parts
    climb = parts.count("..")
    if folder is None or climb > _MAX_CLIMB or climb == len(parts):
        return None
    if not Path(os.path.normpath(Path(folder, path))).exists():
        return None
    if climb:
        outside = "/".join(parts[: climb + 1])
        return LeftOutPath(outside, "it lies outside of the trainer folder", line_to_link(bounds.trainer, outside))
    if (bounds.source / path).exists():  # the experiment has removed it from its own copy
        return None
    return _inside(path, Path(folder), bounds)


def _inside(path: str, folder: Path, bounds: Confinement) -> LeftOutPath:
    """A file that came into the trainer folder after the lab had read it, or that isn't in the list of what was left out."""
    place = folder / path
    if place.is_file() and place.stat().st_size <= MAX_FILE_BYTES:
        return LeftOutPath(path, "it was left out", line_to_include(bounds.trainer, path))
    return LeftOutPath(path, "it was left out", line_to_link(bounds.trainer, path))


def _is_named(path: str, text: str) -> bool:
    name = path.rstrip("/")
    return len(name) >= _MIN_NAME and re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w-])", text) is not None
