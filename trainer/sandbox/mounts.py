"""What is mounted where, for a process with a mount namespace of its own."""

from __future__ import annotations

import ctypes
from typing import Final

from .kernel import call, checked, libc

NO_SETUID: Final = 0x2
NO_DEVICES: Final = 0x4
BIND: Final = 0x1000
RECURSIVE: Final = 0x4000
PRIVATE: Final = 0x40000
_SET_ATTRIBUTES: Final = 442
"""The number of mount_setattr(2), the same on every architecture; since Linux 5.12."""
_HERE, _ALL_BELOW, _READ_ONLY = -100, 0x8000, 0x1


def mount(source: str, target: str, kind: str | None, flags: int) -> None:
    """Mount something, or change how something is mounted.

    Raises:
        OSError: The kernel, or the container, doesn't allow that.
    """
    words = [word.encode() if word else None for word in (source, target, kind)]
    checked(libc().mount(*words, ctypes.c_ulong(flags), None), f"mount {target}")


class _Attributes(ctypes.Structure):
    _fields_ = (("set", ctypes.c_uint64), ("clear", ctypes.c_uint64), ("spread", ctypes.c_uint64), ("users", ctypes.c_uint64))


def make_read_only(path: str) -> None:
    """Make a mount read-only, and all mounts below it.

    Raises:
        OSError: As `mount`.
    """
    attributes = _Attributes(_READ_ONLY, 0, 0, 0)
    call(_SET_ATTRIBUTES, _HERE, path.encode(), _ALL_BELOW, ctypes.byref(attributes), ctypes.sizeof(attributes))
