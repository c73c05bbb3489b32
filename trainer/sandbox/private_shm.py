"""A private /dev/shm, so that what a run leaves in shared memory dies with it and no other run finds it."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from .kernel import checked, libc, unhide

PLACE = "/dev/shm"  # noqa: S108 - it is what is made private
_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_NO_SETUID, _NO_DEVICES, _RECURSIVE, _PRIVATE = 0x2, 0x4, 0x4000, 0x40000


def make_private() -> bool:
    """Give this process and its descendants a view of the file system in which /dev/shm is empty and theirs alone.

    Root may do that; others where the kernel lets them have a user namespace.

    Returns:
        Whether it could be done; if not, nothing has changed that matters.
    """
    user, group = os.geteuid(), os.getegid()
    try:
        if user == 0:
            _unshare(_NEW_MOUNTS)
        else:
            _unshare(_NEW_MOUNTS | _NEW_USER)
            unhide()  # or the files below would be root's
            _keep_identity(user, group)
        _mount("none", "/", None, _RECURSIVE | _PRIVATE)
        _mount("tmpfs", PLACE, "tmpfs", _NO_SETUID | _NO_DEVICES)
    except OSError:
        return False
    return True


def can_be_private() -> bool:
    """Try it in a process of its own."""
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
    """Be the same user in the new namespace as outside."""
    for name, text in (("setgroups", "deny"), ("gid_map", f"{group} {group} 1"), ("uid_map", f"{user} {user} 1")):
        Path(f"/proc/self/{name}").write_text(text, encoding="ascii")
