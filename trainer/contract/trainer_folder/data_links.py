"""`[data] paths` of trainer.toml: data that isn't part of the source, and is linked read-only where the code expects it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import ContractError

_COPY_ELSEWHERE = (
    "Correct [data] paths in trainer.toml. Data isn't copied to clusters: there, the command of [prepare] has to fetch it, or"
    " the path has to be on a file system that the cluster's machines share"
)


@dataclass(frozen=True, slots=True)
class DataLink:
    """Data of a trainer on this machine.

    Attributes:
        path: As trainer.toml has it.
        target: The file or folder itself, without symlinks.
        is_relative: It is linked at the same path relative to the run's copy; an absolute path is only made readable.
    """

    path: str
    target: Path
    is_relative: bool


def resolve_links(paths: Sequence[str], trainer_folder: str | None) -> tuple[DataLink, ...]:
    """Find the data that `[data] paths` names.

    Args:
        paths: Relative to the trainer folder, absolute, or beginning with `~`.
        trainer_folder: On the machine of the lab; None if it isn't known.

    Raises:
        ContractError: A path doesn't exist on this machine.
    """
    return tuple(_resolve(path, trainer_folder) for path in paths)


def _resolve(path: str, trainer_folder: str | None) -> DataLink:
    is_relative = is_below_trainer(path)
    if is_relative and trainer_folder is None:
        raise ContractError(
            f"[data] paths: {path!r} is a relative path, and the trainer folder isn't known for this run", _COPY_ELSEWHERE
        )
    place = Path(trainer_folder or "", path) if is_relative else Path(path).expanduser()
    target = Path(os.path.normpath(place)).resolve()
    if not target.exists():
        raise ContractError(f"[data] paths: {path!r}: there is no {target} on this machine", _COPY_ELSEWHERE)
    return DataLink(path, target, is_relative)


def place_link(link: DataLink, copy: Path) -> None:
    """Link data into a copy of the trainer folder, at the same relative path.

    Raises:
        ContractError: The copy has such a path already.
    """
    place = Path(os.path.normpath(copy / link.path))
    if place.exists():
        raise ContractError(
            f"[data] paths: {link.path!r} can't be linked: the source has it, too",
            "Leave it out of the source with exclude, or out of [data] paths",
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(link.target)


def is_below_trainer(path: str) -> bool:
    """Return whether a path is relative to the trainer folder."""
    return not path.startswith(("/", "~"))


def nesting(paths: Sequence[str], trainer_folder: str | None) -> PurePosixPath:
    """Return where a run's copy has to lie within `work/`, so that paths which leave the trainer folder stay within `work/`.

    Returns:
        The last parts of the trainer folder's path: as many as the longest row of `..` has. Empty if no path leaves the folder.
    """
    climbs = [PurePosixPath(os.path.normpath(path)).parts.count("..") for path in paths if is_below_trainer(path)]
    levels = max(climbs, default=0)
    parts = Path(trainer_folder or "/").parts[1:]
    return PurePosixPath(*(parts[-levels:] if levels else ()))
