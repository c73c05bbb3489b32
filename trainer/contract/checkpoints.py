"""Checkpoints of a run, and the run that goes on from them.

That is the next run of the same experiment if a run was lost. If the trainer's schedule allows it, it is also a run of the same
source and seed with a longer budget. The runner writes down how much of the budget was used when a checkpoint was last written.
The following run gets what lies there: it is moved, never opened, because an experiment can have put anything there.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from .errors import ContractError
from .files import read_bounded, write_whole
from .json_objects import decode
from .run_folder import CURVE, RunFolder
from .run_spec import ResumedRun, RunSpec
from .trainer_toml.checkpoint import Checkpoint

CHECKPOINT: Final = "checkpoint"
"""In a run folder: what the run before has left, until the runner lays it into the working folder.

In the folder of a run that is over: its own checkpoint, which is held for a longer run.
"""
RECORD: Final = "checkpoint.json"
"""In a run folder: how much of the budget is in its last checkpoint."""
_MAX_RECORD_BYTES: Final = 4096
_MAX_CURVE_BYTES: Final = 16 << 20
MAX_ENTRIES: Final = 20_000
"""Files and folders of a checkpoint that are looked at."""


def place_of(work: Path, checkpoint: Checkpoint) -> Path | None:
    """The checkpoint in a working folder; None if there is none, or a link leads to it: it could lead anywhere."""
    place = work
    for part in Path(checkpoint.path).parts:
        place /= part
        try:
            mode = place.lstat().st_mode
        except OSError:
            return None
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            return None
    return place


def last_change(place: Path) -> int:
    """When anything in a checkpoint last changed, in nanoseconds, by a time that the experiment can't set; 0 if it is gone."""
    newest = 0
    for path in _entries(place):
        with suppress(OSError):
            newest = max(newest, path.lstat().st_ctime_ns)
    return newest


def _entries(place: Path) -> Iterator[Path]:
    yield place
    left = MAX_ENTRIES
    for folder, folders, files in os.walk(place):
        for name in (*folders, *files):
            if left == 0:
                return
            left -= 1
            yield Path(folder, name)


def write_record(folder: RunFolder, used: ResumedRun) -> None:
    """Write down how much of the budget is in the last checkpoint of a run."""
    write_whole(folder.path / RECORD, json.dumps(asdict(used)))


def read_record(folder: RunFolder) -> ResumedRun | None:
    """How much of the budget is in the last checkpoint of a run; None if it has written none."""
    values = decode(read_bounded(folder.path / RECORD, _MAX_RECORD_BYTES))
    try:
        return None if values is None else _recorded(folder.path.name, values)
    except (KeyError, TypeError, ValueError):
        return None


def _recorded(run: str, values: Mapping[str, Any]) -> ResumedRun:
    return ResumedRun(
        run,
        float(values["seconds"]),
        float(values["wall_seconds"]),
        str(values.get("extends", "")),
        float(values.get("extended_seconds", 0.0)),
        float(values.get("extended_wall_seconds", 0.0)),
    )


def hand_over(before: RunFolder, folder: RunFolder, checkpoint: Checkpoint) -> ResumedRun | None:
    """Move what a run has left into the folder of the run that goes on from it; again where a dispatcher died over it.

    Args:
        before: The folder of a lost run of the same experiment, or of a shorter run. No process works in it any more.
        folder: The folder of the following run, which no runner has claimed.
        checkpoint: Where the trainer leaves checkpoints, how much is handed over, and whether a longer run may go on.

    Returns:
        What the following run goes on from; None if there is nothing, or it may not go on from there.
    """
    used = read_record(before)
    used = None if used is None or before.is_claimed() else _as_followed(used, before, folder, checkpoint)
    if used is None:
        return None
    target = folder.path / CHECKPOINT
    if not target.exists():
        place = _found(before, checkpoint)
        if place is None:
            return None
        place.rename(target)
    _prune(target, checkpoint)
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return None
    _copy_curve(before, folder, used.seconds)
    write_record(folder, used)
    return used


def hold(folder: RunFolder, checkpoint: Checkpoint) -> None:
    """Move the checkpoint of a run that is over out of its working folder, so that a longer run can go on from it.

    Args:
        folder: The run's folder.
        checkpoint: Where it lies, and how much of it is held.
    """
    place = _found(folder, checkpoint)
    if place is None or read_record(folder) is None:
        return
    target = folder.path / CHECKPOINT
    if place != target:
        place.rename(target)
    _prune(target, checkpoint)


def _found(folder: RunFolder, checkpoint: Checkpoint) -> Path | None:
    """Where the checkpoint of a run lies. Outside of the working folder it is one that no command has been given since."""
    outside = folder.path / CHECKPOINT
    return outside if outside.exists() else place_of(folder.work, checkpoint)


def _as_followed(used: ResumedRun, before: RunFolder, folder: RunFolder, checkpoint: Checkpoint) -> ResumedRun | None:
    """What is in a run's checkpoint, as the following run's spec says it; None if the run may not go on from it."""
    try:
        theirs, ours = before.spec(), folder.spec()
    except ContractError:
        return None
    if (theirs.experiment, theirs.identity, theirs.seed) == (ours.experiment, ours.identity, ours.seed):
        return used
    result = before.result()
    is_shorter = max(theirs.budget_seconds, used.seconds) < ours.budget_seconds and _trains_alike(theirs, ours)
    if not (checkpoint.extends and is_shorter and result is not None and result.status == "succeeded"):
        return None
    return replace(used, extends=used.run, extended_seconds=used.seconds, extended_wall_seconds=used.wall_seconds)


def _trains_alike(shorter: RunSpec, longer: RunSpec) -> bool:
    """Whether two runs differ in nothing but their budgets and their names."""
    if shorter.identity is None or longer.identity is None:
        return False
    return (shorter.identity.lab, shorter.identity.commit, shorter.seed, shorter.clock, shorter.device, shorter.trained) == (
        longer.identity.lab,
        longer.identity.commit,
        longer.seed,
        longer.clock,
        longer.device,
        longer.trained,
    )


def lay_out(folder: RunFolder, checkpoint: Checkpoint) -> Path | None:
    """Move what a run goes on from to the place in its working folder where its command expects it.

    Returns:
        That place; None if there is nothing.
    """
    handed = folder.path / CHECKPOINT
    if not handed.exists():
        return None
    place = folder.work / checkpoint.path
    if not place.resolve().is_relative_to(folder.work.resolve()):
        raise ContractError(f"checkpoint.path: {checkpoint.path} leads out of the trainer's folder by a link")
    _remove(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    handed.rename(place)
    return place


def put_back(folder: RunFolder, checkpoint: Checkpoint) -> None:
    """Undo `lay_out`, before the working folder is made anew."""
    place = place_of(folder.work, checkpoint)
    if place is not None and not (folder.path / CHECKPOINT).exists():
        place.rename(folder.path / CHECKPOINT)


def _prune(target: Path, checkpoint: Checkpoint) -> None:
    """Leave the newest entries that fit into the limit, or only the last one."""
    entries = sorted(target.iterdir(), key=_changed, reverse=True) if target.is_dir() else [target]
    left = checkpoint.max_gib * 2**30
    for rank, entry in enumerate(entries):
        left -= sum(_size(path) for path in _entries(entry))
        if left < 0 or (checkpoint.keep == "last" and rank > 0):
            _remove(entry)


def _changed(path: Path) -> int:
    return last_change(path)


def _size(path: Path) -> int:
    with suppress(OSError):
        status = path.lstat()
        return status.st_size if stat.S_ISREG(status.st_mode) else 0
    return 0


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _copy_curve(before: RunFolder, folder: RunFolder, seconds: float) -> None:
    """Copy the points of the curve up to the checkpoint, so that the next run's points follow them."""
    content = read_bounded(before.curve, _MAX_CURVE_BYTES) or b""
    kept: list[bytes] = []
    for line in content.splitlines(keepends=True):
        point = decode(line)
        if point is not None and isinstance(point.get("seconds"), int | float) and point["seconds"] <= seconds:
            kept.append(line)
    if kept:
        write_whole(folder.path / CURVE, b"".join(kept))
