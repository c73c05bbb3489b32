"""The lock of a lab's dispatcher: the process that holds it is the only dispatcher.

It is a lock of the kernel (`flock`), which ends with the process, however that ends. No child process inherits it.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ...trainer.contract.files import has_name, open_locked


class DispatcherLock:
    """A lock that is held.

    Args:
        path: The file.
        descriptor: The open file, which is locked.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def is_lost(self) -> bool:
        """Whether the file was removed or replaced, so that another process could lock the one that has its name now."""
        return not has_name(self._descriptor, self._path)


@contextmanager
def only_one(path: Path) -> Generator[DispatcherLock | None]:
    """Hold the lock for the block, with the process's id in the file. Yields None if another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = open_locked(path)
    if descriptor is None:
        yield None
        return
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield DispatcherLock(path, descriptor)
    finally:
        os.close(descriptor)
