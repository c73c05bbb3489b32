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
from ..sandbox.guard import keep_only
from ..sandbox.kernel import end_with_parent
from .script import is_shadowed


def stand_by(end: socket.socket, runner: int) -> NoReturn:
    """Wait for the runner's order, and be the guard that it asks for.

    Args:
        end: Of the socket to the runner.
        runner: Its process id; this is a child of it.

    Raises:
        SystemExit: In a fork of the guard that has run a script.
    """
    keep_only(end.fileno())
    end_with_parent(signal.SIGKILL)
    received = receive_message(end) if os.getppid() == runner else None
    if received is None:
        os._exit(0)
    order, files = received
    if differs_early(os.environ, order["environment"]) or is_shadowed(order["script"]):
        os._exit(0)
    end = _settle(end, order, files, runner)
    with end, suppress(OSError):
        send_message(end, {})
    status: int = importlib.import_module(order["module"]).main(order["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # Python's own end takes nearly a second of CPU time when torch is loaded


def _settle(end: socket.socket, order: Mapping[str, Any], files: Sequence[int], runner: int) -> socket.socket:
    """Take over what a process that is started anew would have been given, or would have found out by itself.

    Returns:
        The end of the socket, which may have got in the way of an open file.
    """
    os.setsid()
    os.sched_setaffinity(0, os.sched_getaffinity(runner))
    end = _place(end, files, [1, *order["descriptors"]])
    os.dup2(1, 2)
    os.environ.clear()
    os.environ.update(order["environment"])
    tempfile.tempdir = None
    compiled = getattr(sys.modules.get("torch._dynamo.package"), "DynamoCache", None)
    if compiled is not None:  # it noted its place when it was loaded
        compiled.__init__(str(Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]) / "dynamo"))
    _seed_anew()
    return end


def _seed_anew() -> None:
    """Give the generators of scripts that seed nothing a state of their own: all forks would draw the same."""
    import numpy as np  # noqa: PLC0415 - they are loaded already, but not where the server executes itself again
    import torch  # noqa: PLC0415

    random.seed()
    np.random.seed()
    torch.default_generator.seed()


def _place(end: socket.socket, files: Sequence[int], numbers: Sequence[int]) -> socket.socket:
    """Give open files these numbers, and the end of the socket one above them."""
    free = 1 + max(numbers)
    moved_end, *moved = [fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, free) for file in (end.fileno(), *files)]
    end.close()
    for file in files:
        os.close(file)
    for file, number in zip(moved, numbers, strict=True):
        os.dup2(file, number, inheritable=True)
        os.close(file)
    return socket.socket(fileno=moved_end)
