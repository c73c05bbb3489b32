"""Namespaces of the kernel: what a process has for itself. Root may make them, and others where user namespaces are allowed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from .kernel import checked, libc, unhide

NEW_MOUNTS: Final = 0x00020000
NEW_HOST_NAME: Final = 0x04000000
NEW_USER: Final = 0x10000000
NEW_NETWORK: Final = 0x40000000


def unshare(what: int) -> None:
    """Move this process into new namespaces.

    Raises:
        OSError: The kernel, or the container, doesn't allow that.
    """
    checked(libc().unshare(what), "unshare")


def unshare_with_user(what: int) -> None:
    """Move this process into new namespaces that belong to a new user namespace, in which it keeps its user and group.

    Raises:
        OSError: As `unshare`.
    """
    user, group = os.geteuid(), os.getegid()
    unshare(what | NEW_USER)
    unhide()  # otherwise the files below belong to root
    for name, text in (("setgroups", "deny"), ("gid_map", f"{group} {group} 1"), ("uid_map", f"{user} {user} 1")):
        Path(f"/proc/self/{name}").write_text(text, encoding="ascii")


def works_in_child(attempt: Callable[[], object]) -> bool:
    """Whether a function returns something true in a child process, on which alone it has its effects."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if attempt() else 1)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0
