"""A spare guard: a fork of the server that waits until its runner needs a guard, and becomes it."""

from __future__ import annotations

import fcntl
import importlib
import os
import random
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from ..contract.starting.framed import receive_message, send_message
from ..run.spare_guards import differs_early
from ..sandbox.kernel import end_with_parent
from .script import is_shadowed

_ABOVE = 1000
"""Descriptors from here on are free: those that arrive are moved there before they get their numbers."""


def stand_by(end: socket.socket, runner: int) -> NoReturn:
    """Wait for the runner's order, and be the guard that it asks for.

    Args:
        end: Of the socket to the runner.
        runner: Its process id; this is a child of it.

    Raises:
        SystemExit: In a fork of the guard that has run a script.
    """
    _close_all_but(end.fileno())
    end_with_parent(signal.SIGKILL)
    received = receive_message(end) if os.getppid() == runner else None
    if received is None:
        os._exit(0)
    order, files = received
    fits = not differs_early(os.environ, order["environment"]) and not is_shadowed(order["script"])
    with suppress(OSError):
        send_message(end, {"fits": fits})
    end.close()
    if not fits:
        os._exit(0)
    _settle(order, files, runner)
    status: int = importlib.import_module(order["module"]).main(order["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # Python's own end takes nearly a second of CPU time when torch is loaded


def _settle(order: Mapping[str, Any], files: Sequence[int], runner: int) -> None:
    """Take over what a process that is started anew would have been given, or would have found out by itself."""
    os.setsid()
    os.sched_setaffinity(0, os.sched_getaffinity(runner))
    _place(files, [1, *order["descriptors"]])
    os.dup2(1, 2)
    os.environ.clear()
    os.environ.update(order["environment"])
    tempfile.tempdir = None
    _seed_anew()


def _seed_anew() -> None:
    """Give the generators of scripts that seed nothing a state of their own: all forks would draw the same."""
    import numpy as np  # noqa: PLC0415 - they are loaded already, but not where the server executes itself again
    import torch  # noqa: PLC0415

    random.seed()
    np.random.seed()
    torch.default_generator.seed()


def _place(files: Sequence[int], numbers: Sequence[int]) -> None:
    """Give open files these numbers."""
    moved = [fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, _ABOVE) for file in files]
    for file in files:
        os.close(file)
    for file, number in zip(moved, numbers, strict=True):
        os.dup2(file, number, inheritable=True)
        os.close(file)


def _close_all_but(descriptor: int) -> None:
    for number in [int(file.name) for file in Path("/proc/self/fd").iterdir()]:
        if number > 2 and number != descriptor:
            with suppress(OSError):  # the one that listed them
                os.close(number)
