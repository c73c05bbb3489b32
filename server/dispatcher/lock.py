"""One dispatcher a lab: whoever holds the lock is it."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ...trainer.contract.files import open_locked


@contextmanager
def only_one(path: Path) -> Generator[bool]:
    """Hold the lock for the block, with the process's id in the file. Yields False if another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = open_locked(path)
    if descriptor is None:
        yield False
        return
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield True
    finally:
        os.close(descriptor)
