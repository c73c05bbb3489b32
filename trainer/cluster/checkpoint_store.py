"""Checkpoints on a cluster: copied while a run trains, to a place that outlives the run and, with a storage, the machine.

An experiment works in the folder that is copied, so the copy follows no link, and counts only if nothing changed meanwhile.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from ..contract.checkpoints import CHECKPOINT, MAX_ENTRIES, RECORD, last_change, place_of, read_record, write_record
from ..contract.errors import ContractError
from ..contract.files import read_bounded, write_whole
from ..contract.json_objects import decode
from ..contract.run_folder import RunFolder
from ..contract.run_spec import ResumedRun, RunSpec
from ..contract.trainer_toml.trainer_file import read_trainer

_WHOSE: Final = "whose.json"
_FILES: Final = "files"
_MAX_WHOSE_BYTES: Final = 4096


class CheckpointStore:
    """The last checkpoint of each experiment that runs here.

    Args:
        place: The folder, which is made when it is needed.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._saved: dict[str, int] = {}

    def is_due(self, folder: RunFolder) -> bool:
        """Whether a run has written a checkpoint since its last one was saved."""
        changed = _changed_at(folder)
        return changed is not None and changed != self._saved.get(folder.path.name)

    def save(self, folder: RunFolder) -> bool:
        """Copy the checkpoint of a run, and return whether that was possible: the run may be writing it."""
        changed = _changed_at(folder)
        used = read_record(folder)
        spec = _spec(folder)
        place = _checkpoint(folder)
        if changed is None or used is None or spec is None or place is None:
            return False
        max_bytes = _max_bytes(folder)
        target = self._place / spec.experiment
        partial = target.with_name(f"{target.name}.new")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        before = last_change(place)
        try:
            is_whole = _copy_files(folder.work, place, partial / _FILES, max_bytes)
        except OSError:
            is_whole = False
        if not is_whole or last_change(place) != before:
            shutil.rmtree(partial, ignore_errors=True)
            return False
        write_whole(partial / _WHOSE, json.dumps(_whose(spec) | {"used": asdict(used)}))
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        self._saved[folder.path.name] = changed
        return True

    def restore(self, folder: RunFolder) -> None:
        """Give a run that hasn't begun what an earlier run of its experiment has left, if there is anything."""
        spec = _spec(folder)
        if spec is None or spec.resumed is not None:
            return
        target = self._place / spec.experiment
        whose = decode(read_bounded(target / _WHOSE, _MAX_WHOSE_BYTES))
        if whose is None or {name: value for name, value in whose.items() if name != "used"} != _whose(spec):
            return
        used = ResumedRun(**whose["used"])
        handed = folder.path / CHECKPOINT
        shutil.rmtree(handed, ignore_errors=True)
        if (target / _FILES).is_dir():
            shutil.copytree(target / _FILES, handed)
        else:
            shutil.copyfile(target / _FILES, handed)
        write_record(folder, used)
        folder.complete_spec(resumed=used)

    def forget(self, folder: RunFolder) -> None:
        """Remove what was saved for the experiment of a run that has a result."""
        if (spec := _spec(folder)) is not None:
            shutil.rmtree(self._place / spec.experiment, ignore_errors=True)


def _whose(spec: RunSpec) -> dict[str, object]:
    """What a run and the run before it have in common."""
    return {"identity": None if spec.identity is None else asdict(spec.identity), "seed": spec.seed}


def _spec(folder: RunFolder) -> RunSpec | None:
    try:
        return folder.spec()
    except ContractError:
        return None


def _checkpoint(folder: RunFolder) -> Path | None:
    with suppress(ContractError):
        trainer = read_trainer(folder.source)
        folder.find_work(trainer.data_paths)
        return None if trainer.checkpoint is None else place_of(folder.work, trainer.checkpoint)
    return None


def _max_bytes(folder: RunFolder) -> float:
    checkpoint = read_trainer(folder.source).checkpoint
    return 0.0 if checkpoint is None else checkpoint.max_gib * 2**30


def _changed_at(folder: RunFolder) -> int | None:
    """When the runner last noted a checkpoint; None if it has noted none."""
    with suppress(OSError):
        return (folder.path / RECORD).stat().st_mtime_ns
    return None


def _open_step_by_step(work: Path, place: Path) -> int:
    """Open a file or folder below a working folder without following a link on the way."""
    descriptor = os.open(work, os.O_RDONLY | os.O_DIRECTORY)
    for part in place.relative_to(work).parts:
        above = descriptor
        try:
            descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=above)
        finally:
            os.close(above)
    return descriptor


def _copy_files(work: Path, place: Path, target: Path, max_bytes: float) -> bool:
    """Copy the regular files of a checkpoint, and return whether all of them fit.

    Folders are opened by descriptors that follow no link: an experiment may put one in the place of a folder at any moment.
    """
    root = _open_step_by_step(work, place)
    if not stat.S_ISDIR(os.fstat(root).st_mode):
        return _copy_one(root, target, max_bytes) >= 0
    left, entries = max_bytes, 0
    try:
        for path, _, names, folder in os.fwalk(".", dir_fd=root, follow_symlinks=False):
            here = target / path
            here.mkdir(parents=True, exist_ok=True)
            for name in names:
                entries += 1
                try:
                    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
                except OSError:  # a link, a socket, or gone
                    continue
                left = _copy_one(descriptor, here / name, left)
                if left < 0 or entries > MAX_ENTRIES:
                    return False
    finally:
        os.close(root)
    return True


def _copy_one(descriptor: int, target: Path, max_bytes: float) -> float:
    """Copy an open file if it is a regular one of its own; return how many bytes are left."""
    with os.fdopen(descriptor, "rb") as source:
        status = os.fstat(source.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            return max_bytes
        if status.st_size > max_bytes:
            return -1.0
        with target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
        return max_bytes - status.st_size
