"""Landlock: a process gives up rights on files and on TCP, for itself and all its descendants. It needs no root.

Three system calls without a wrapper in the C library; see landlock(7) and linux/landlock.h. The kernel reports its
version of the interface (1 came with Linux 5.13), and each version can forbid more than the one before.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Iterable

from .kernel import call, forbid_new_privileges

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""Numbers of the calls, the same on every architecture."""
_ASK_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""The number of rights on files that a version knows: they are bits, in the order in which they were added."""
_TCP, _TCP_SINCE = 0b11, 4
"""Binding and connecting."""
_SCOPE, _SCOPE_SINCE = 0b11, 6
"""Abstract Unix sockets, and signals to processes outside."""

READ = _EXECUTE | _READ_FILE | _READ_DIR
USE = READ | _WRITE_FILE | _TRUNCATE | _IOCTL_DEV
"""What a device needs."""
WRITE = _WRITE_FILE | _TRUNCATE
CHANGE = (1 << 15) - 1
"""Everything except controlling devices."""
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
"""Rights that a rule about something other than a folder may grant."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64), ("scope", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """Version of the interface; 0 if the kernel has none or it is disabled."""
    try:
        return call(_CREATE_RULESET, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def forbids_tcp(version: int) -> bool:
    """Whether a version can forbid TCP."""
    return version >= _TCP_SINCE


def restrict(version: int, rules: Iterable[tuple[str, int]], *, network: bool) -> None:
    """Forbid this process and its descendants, irrevocably, everything that no rule allows.

    Args:
        version: Of the interface, 1 or more; what it can't forbid stays allowed.
        rules: Paths with what is allowed there and below; one that doesn't exist, or that this process can't reach, is skipped.
        network: TCP remains allowed.

    Raises:
        OSError: The kernel refused.
    """
    supported = (1 << max(bits for since, bits in _FILE_RIGHTS.items() if since <= version)) - 1
    handled = _Ruleset(supported, _TCP if forbids_tcp(version) and not network else 0, _SCOPE if version >= _SCOPE_SINCE else 0)
    size = 24 if version >= _SCOPE_SINCE else 16 if version >= _TCP_SINCE else 8
    ruleset = call(_CREATE_RULESET, ctypes.byref(handled), size, 0)
    try:
        for path, rights in rules:
            _allow(ruleset, path, rights & supported)
        forbid_new_privileges()
        call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.EACCES}:
            return
        raise
    try:
        rights = rights if stat.S_ISDIR(os.fstat(place).st_mode) else rights & _OF_FILES
        call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(_PathBeneath(rights, place)), 0)
    finally:
        os.close(place)
