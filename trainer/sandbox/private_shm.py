"""A private /dev/shm, so that shared memory that a run leaves ends with the run, and no other run finds it."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from .kernel import checked, libc, unhide

PLACE = "/dev/shm"  # noqa: S108 - it is what is made private
_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_NO_SETUID, _NO_DEVICES, _RECURSIVE, _PRIVATE = 0x2, 0x4, 0x4000, 0x40000


def make_private() -> bool:
    """Mount an empty /dev/shm that only this process and its descendants see.

    Root may do that, and other users where the kernel allows them a user namespace.

    Returns:
        Whether that was possible; if not, nothing relevant has changed.
    """
    user, group = os.geteuid(), os.getegid()
    try:
        if user == 0:
            _unshare(_NEW_MOUNTS)
        else:
            _unshare(_NEW_MOUNTS | _NEW_USER)
            unhide()  # otherwise the files below belong to root
            _keep_identity(user, group)
        _mount("none", "/", None, _RECURSIVE | _PRIVATE)
        _mount("tmpfs", PLACE, "tmpfs", _NO_SETUID | _NO_DEVICES)
    except OSError:
        return False
    return True


def can_be_private() -> bool:
    """Whether `make_private` works here, tried in a child process."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if make_private() else 1)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _unshare(what: int) -> None:
    checked(libc().unshare(what), "unshare")


def _mount(source: str, target: str, kind: str | None, flags: int) -> None:
    words = [word.encode() if word else None for word in (source, target, kind)]
    checked(libc().mount(*words, ctypes.c_ulong(flags), None), f"mount {target}")


def _keep_identity(user: int, group: int) -> None:
    """Keep user and group the same in the new namespace as outside."""
    for name, text in (("setgroups", "deny"), ("gid_map", f"{group} {group} 1"), ("uid_map", f"{user} {user} 1")):
        Path(f"/proc/self/{name}").write_text(text, encoding="ascii")
