"""The lock that a process holds while it waits in a lab: what a wait tells, the monitor of a session doesn't tell again."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ...trainer.contract.files import open_plain, open_to_append, try_lock

FILE = "waiting.lock"


@contextmanager
def waiting(folder: Path) -> Generator[None]:
    """Hold the lock, which several processes hold together. Where it can't be made, nothing is held.

    Args:
        folder: The lab's data folder.
    """
    descriptor = open_to_append(folder / FILE)
    try:
        if descriptor is not None:
            try_lock(descriptor, shared=True)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def is_waited_in(folder: Path) -> bool:
    """Return whether a process waits in the lab with this data folder."""
    descriptor = open_plain(folder / FILE)
    if descriptor is None:
        return False
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)
