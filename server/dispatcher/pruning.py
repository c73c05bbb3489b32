"""What is removed of a run's folder when the run is over: the working folder, less the files that the trainer keeps."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from ...trainer.contract.checkpoints import CHECKPOINT, hold
from ...trainer.contract.errors import ContractError
from ...trainer.contract.run_folder import TEMPORARY, WORK, RunFolder
from ...trainer.contract.trainer_toml.globs import matches
from ...trainer.contract.trainer_toml.keep import Keep
from ...trainer.contract.trainer_toml.trainer_file import read_trainer

KEPT: Final = "kept"
"""In a run folder: files of the working folder that the trainer's `[keep]` names."""
_DROPPED: Final = (WORK, TEMPORARY, CHECKPOINT)


def prune(folder: RunFolder, *, holds_checkpoint: bool = False) -> None:
    """Remove the working folder of a run that is over, its temporary files and its checkpoints.

    Result, log, curve, spec, source and saved weights stay, and the files that the trainer keeps, which move to `kept/`.

    Args:
        folder: The run's folder.
        holds_checkpoint: Leave its checkpoint in `checkpoint/`, if the trainer lets a longer run go on from it.
    """
    if not is_unpruned(folder):
        return
    held = None
    with suppress(ContractError):  # a trainer file that can't be used keeps nothing
        trainer = read_trainer(folder.source)
        folder.find_work(trainer.data_paths)
        if holds_checkpoint and trainer.checkpoint is not None and trainer.checkpoint.extends:
            hold(folder, trainer.checkpoint)
            held = CHECKPOINT
        _save(folder, trainer.keep)
    for name in _DROPPED:
        if name == held:
            continue
        place = folder.path / name
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)


def is_unpruned(folder: RunFolder) -> bool:
    """Return whether something is left of a run that isn't kept when it is over."""
    return any(os.path.lexists(folder.path / name) for name in _DROPPED)


def _save(folder: RunFolder, keep: Keep | None) -> None:
    """Move the files to be kept, the smallest first, as many as fit."""
    if keep is None:
        return
    sizes = {path: size for path, size in _plain_files(folder.work) if matches(path, keep.files)}
    left = keep.max_mib * 2**20
    for path, size in sorted(sizes.items(), key=lambda item: item[1]):
        left -= size
        if left < 0:
            return
        target = folder.path / KEPT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            (folder.work / path).rename(target)


def _plain_files(work: Path) -> Iterator[tuple[str, int]]:
    """The files of a working folder with their sizes, relative to it. Links are left out: they could lead anywhere."""
    for place, _, names in os.walk(work):
        for name in names:
            path = Path(place, name)
            with suppress(OSError):
                status = path.lstat()
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                    yield path.relative_to(work).as_posix(), status.st_size
