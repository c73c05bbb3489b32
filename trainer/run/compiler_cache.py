"""What the baseline's runs have compiled is given to the other runs of the lab, so that these start training sooner.

A cache that all runs wrote would carry data from one run to the next, such as trained weights. So only runs of the baseline's
source, which is the person's and not an agent's, leave what they compiled. Every run gets a copy of its own to go on from.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..contract.files import cache_folder, open_locked, open_plain, try_lock
from .environment import COMPILER_CACHES, cache_in

if TYPE_CHECKING:
    from .run import Run

MAX_BYTES: Final = 2**30
"""Of one cache; what is larger isn't kept."""
MAX_FILES: Final = 20_000
UNUSED_DAYS: Final = 30
"""After which the cache of another lab, or of a device that is gone, is removed."""


def lay_out_compiled(run: Run) -> None:
    """Give a run a copy of what the baseline's runs of its lab have compiled on this kind of device.

    Where that isn't possible, the run compiles for itself.
    """
    place = _place(run)
    if place is None or not place.is_dir():
        return
    try:
        _copy(place, run.folder.temporary)
    except OSError:  # such as a full disk, or a cache of another user
        for variable in COMPILER_CACHES:
            shutil.rmtree(cache_in(run.folder.temporary, variable), ignore_errors=True)


def _copy(place: Path, temporary: Path) -> None:
    lock = os.open(_beside(place, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if try_lock(lock, shared=True):  # otherwise it is being replaced
            os.utime(place)
            shutil.copytree(place, temporary, dirs_exist_ok=True)
    finally:
        os.close(lock)


def keep_compiled(run: Run) -> None:
    """Keep what a run of the baseline has compiled, if it compiled anything that wasn't there. Its processes have ended."""
    place = _place(run)
    if place is None or not run.spec.is_baseline:
        return
    with suppress(OSError):  # the next run of the baseline tries it again
        place.parent.mkdir(parents=True, exist_ok=True)
        _keep(place, run.folder.temporary)
        _remove_unused(place.parent)


def _keep(place: Path, temporary: Path) -> None:
    lock = open_locked(_beside(place, "lock"))
    if lock is None:  # another run copies it
        return
    try:
        files = list(_files(temporary))
        if any(not (place / name).exists() for name in files) and _size(temporary, files) <= MAX_BYTES:
            _replace(place, temporary, files)
    finally:
        os.close(lock)


def _place(run: Run) -> Path | None:
    """The folder of the lab's cache on this device; None for a run whose compilation is part of its training time."""
    if run.trainer.data is None or run.spec.identity is None:
        return None
    kind = (run.result.device.kind or run.spec.device).replace("/", "-")
    return cache_folder() / "compiled" / f"{run.spec.identity.lab}-{kind}"


def _beside(place: Path, ending: str) -> Path:
    return place.with_name(f"{place.name}.{ending}")


def _files(temporary: Path) -> Iterator[Path]:
    """The plain files of the compilers' caches, relative to `temporary`."""
    for variable in COMPILER_CACHES:
        for folder, _, names in os.walk(cache_in(temporary, variable)):
            for name in names:
                path = Path(folder, name)
                if path.is_file() and not path.is_symlink():
                    yield path.relative_to(temporary)


def _size(temporary: Path, files: list[Path]) -> int:
    return sum((temporary / name).stat().st_size for name in files) if len(files) <= MAX_FILES else MAX_BYTES + 1


def _replace(place: Path, temporary: Path, files: list[Path]) -> None:
    new, old = _beside(place, "new"), _beside(place, "old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    for name in files:
        descriptor = open_plain(temporary / name)
        if descriptor is None:
            continue
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(descriptor, "rb") as source, (new / name).open("wb") as target:
            shutil.copyfileobj(source, target)
    with suppress(FileNotFoundError):
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _remove_unused(caches: Path) -> None:
    oldest = time.time() - 86_400 * UNUSED_DAYS
    for cache in caches.iterdir():
        with suppress(OSError):
            if cache.is_dir() and cache.stat().st_mtime < oldest:
                shutil.rmtree(cache)
