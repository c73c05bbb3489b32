"""A private /dev/shm, so that shared memory that a run leaves ends with the run, and no other run finds it."""

from __future__ import annotations

import ctypes
import os

from .kernel import checked, libc
from .namespaces import NEW_MOUNTS, unshare, unshare_with_user, works_in_child

PLACE = "/dev/shm"  # noqa: S108 - it is what is made private
_NO_SETUID, _NO_DEVICES, _RECURSIVE, _PRIVATE = 0x2, 0x4, 0x4000, 0x40000


def make_private() -> bool:
    """Mount an empty /dev/shm that only this process and its descendants see.

    Root may do that, and other users where the kernel allows them a user namespace.

    Returns:
        Whether that was possible; if not, nothing relevant has changed.
    """
    try:
        if os.geteuid() == 0:
            unshare(NEW_MOUNTS)
        else:
            unshare_with_user(NEW_MOUNTS)
        _mount("none", "/", None, _RECURSIVE | _PRIVATE)
        _mount("tmpfs", PLACE, "tmpfs", _NO_SETUID | _NO_DEVICES)
    except OSError:
        return False
    return True


def can_be_private() -> bool:
    """Whether `make_private` works here, tried in a child process."""
    return works_in_child(make_private)


def _mount(source: str, target: str, kind: str | None, flags: int) -> None:
    words = [word.encode() if word else None for word in (source, target, kind)]
    checked(libc().mount(*words, ctypes.c_ulong(flags), None), f"mount {target}")
