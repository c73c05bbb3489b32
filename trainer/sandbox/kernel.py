"""System calls for which Python has no function."""

from __future__ import annotations

import ctypes
import functools
import os
from pathlib import Path

_SET_DEATH_SIGNAL, _SET_DUMPABLE, _DROP_FROM_BOUNDING_SET = 1, 4, 24
_SET_SUBREAPER, _SET_NO_NEW_PRIVILEGES, _AMBIENT, _CLEAR_ALL = 36, 38, 47, 4
_CAPABILITIES_VERSION_3 = 0x20080522


@functools.cache
def libc() -> ctypes.CDLL:
    """The C library, whose calls keep their error number for `checked`."""
    return ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> int:
    """The result of a call to the C library, if it succeeded.

    Raises:
        OSError: It is negative: the call failed.
    """
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def call(number: int, *arguments: object) -> int:
    """A system call by its number.

    Raises:
        OSError: The call failed.
    """
    plain = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    return checked(libc().syscall(ctypes.c_long(number), *plain), f"system call {number}")


def control(option: int, *values: int) -> None:
    """`prctl`: change something about this process.

    Raises:
        OSError: The call failed.
    """
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    checked(libc().prctl(option, *padded), f"prctl {option}")


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent ends.

    Raises:
        OSError: The kernel can't do that, or doesn't list children, so that they can't be counted.
    """
    if not Path("/proc/thread-self/children").exists():
        raise OSError("this kernel doesn't list child processes: it was built without CONFIG_PROC_CHILDREN")
    control(_SET_SUBREAPER, 1)


def end_with_parent(number: int) -> None:
    """Have the kernel send this process a signal when its parent dies."""
    control(_SET_DEATH_SIGNAL, number)


def hide() -> None:
    """Prevent other processes of the same user from reading this one's memory, open files and environment."""
    control(_SET_DUMPABLE, 0)


def unhide() -> None:
    """Undo `hide`."""
    control(_SET_DUMPABLE, 1)


def forbid_new_privileges() -> None:
    """Prevent programs from giving this process and its descendants more privileges: setuid bits have no effect."""
    control(_SET_NO_NEW_PRIVILEGES, 1)


def drop_capabilities() -> None:
    """Give up root's capabilities, irrevocably; no effect for other users."""
    if os.geteuid() == 0:
        last = int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="ascii"))
        for capability in range(last + 1):
            try:
                control(_DROP_FROM_BOUNDING_SET, capability)
            except PermissionError:
                break  # root that may not drop them here gives them up below
        control(_AMBIENT, _CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    checked(libc().capset(ctypes.byref(header), ctypes.byref(none)), "capset")
