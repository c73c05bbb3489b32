"""A private /dev/shm, so that shared memory that a run leaves ends with the run, and no other run finds it."""

from __future__ import annotations

import os

from .mounts import NO_DEVICES, NO_SETUID, PRIVATE, RECURSIVE, mount
from .namespaces import NEW_MOUNTS, unshare, unshare_with_user, works_in_child

PLACE = "/dev/shm"  # noqa: S108 - it is what is made private


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
        mount("none", "/", None, RECURSIVE | PRIVATE)
        mount("tmpfs", PLACE, "tmpfs", NO_SETUID | NO_DEVICES)
    except OSError:
        return False
    return True


def can_be_private() -> bool:
    """Whether `make_private` works here, tried in a child process."""
    return works_in_child(make_private)
