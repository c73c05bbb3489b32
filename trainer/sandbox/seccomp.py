"""A filter on system calls, for a process and all its descendants; it needs no root, and no namespace.

It forbids sockets other than Unix ones, access to other processes, and objects in the kernel that outlive a run.
See seccomp(2). The filter is a program of the classic Berkeley packet filter over `struct seccomp_data`.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import socket
import struct
from collections.abc import Sequence

from .kernel import control, forbid_new_privileges

_SET_SECCOMP, _FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _THIRD_ARGUMENT = 0, 4, 16, 32
"""Offsets in what a filter sees."""
_OTHER_ABI = 0x40000000
"""Numbers from here on are x86's second set."""

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CALLS: dict[str, tuple[int, int]] = {
    # into other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    # around this filter
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    # what outlives its process
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # into the kernel
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
}
"""Never needed for training; numbers on x86_64 and aarch64."""
_SOCKET, _CONNECT = (41, 198), (42, 203)
_NETLINK_ROUTE = 0


def is_possible() -> bool:
    """Whether the numbers of this machine's system calls are known here."""
    return platform.machine() in _ARCHITECTURES


def restrict(*, network: bool, connect: bool, loopback: bool = False) -> None:
    """Apply the filter to this process, irrevocably.

    Args:
        network: Sockets of every family remain allowed.
        connect: Connecting to sockets of other processes remains allowed.
        loopback: So do connecting and sockets of the internet's families, for a process whose network is its own.

    Raises:
        OSError: The kernel refused.
    """
    machine = platform.machine()
    column = list(_ARCHITECTURES).index(machine)
    denied = [numbers[column] for numbers in _CALLS.values()] + ([] if connect or network or loopback else [_CONNECT[column]])
    program = _program(_ARCHITECTURES[machine], denied, None if network else _SOCKET[column], loopback=loopback)
    code = ctypes.create_string_buffer(b"".join(program))
    whole = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    forbid_new_privileges()
    control(_SET_SECCOMP, _FILTER, ctypes.addressof(whole))


def _program(architecture: int, denied: Sequence[int], socket_call: int | None, *, loopback: bool) -> list[bytes]:
    """The filter's instructions."""
    no = _instruction(_RETURN, _ERROR | errno.EPERM)
    program = [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_EQUAL, architecture, then=1),
        no,
        _instruction(_LOAD, _NUMBER),
        _instruction(_AT_LEAST, _OTHER_ABI, otherwise=1),
        no,
    ]
    for number in denied:
        program += [_instruction(_EQUAL, number, otherwise=1), no]
    if socket_call is not None:
        families = _families(loopback=loopback)
        program += [_instruction(_EQUAL, socket_call, otherwise=len(families)), *families]
    return [*program, _instruction(_RETURN, _ALLOW)]


def _families(*, loopback: bool) -> list[bytes]:
    """Instructions that a call of `socket` comes to: they refuse other families than the allowed ones."""
    yes, no = _instruction(_RETURN, _ALLOW), _instruction(_RETURN, _ERROR | errno.EACCES)
    allowed = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6) if loopback else (socket.AF_UNIX,)
    program = [_instruction(_LOAD, _FIRST_ARGUMENT)]
    for family in allowed:
        program += [_instruction(_EQUAL, family, otherwise=1), yes]
    if loopback:  # the C library lists the interfaces, which gloo and NCCL ask for, over routing messages
        program += [
            _instruction(_EQUAL, socket.AF_NETLINK, otherwise=3),
            _instruction(_LOAD, _THIRD_ARGUMENT),
            _instruction(_EQUAL, _NETLINK_ROUTE, otherwise=1),
            yes,
        ]
    return [*program, no]


def _instruction(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    """An instruction: its code, how many to skip if a comparison is true or false, and its value."""
    return struct.pack("HBBI", code, then, otherwise, value)
