"""A command that the runner starts behind a guard: its output goes to the log, and all its processes are ended together."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from ..contract.failures import FailureKind
from ..sandbox.cgroup import ControlGroup
from ..sandbox.guard import GUARD, NEXT, GuardSpec
from ..sandbox.processes import end_descendants
from ..sandbox.sandbox import Sandbox
from .failures.classify import RunFailedError
from .output.log import Log
from .spare_guards import SpareGuards

GRACE_SECONDS = 2.0
"""Between SIGTERM and SIGKILL."""
_CHUNK, _CHUNKS = 2**16, 64
"""Bytes of a read, and reads at a time: bounded, so that a flood of output doesn't keep the runner from its clock."""


class CancelledError(Exception):
    """The runner was asked to end."""


class Stop:
    """Records a SIGTERM or SIGINT, and wakes a selector that waits."""

    def __init__(self) -> None:
        self.requested = False
        self.wakes, self._wake = socket.socketpair()
        for end in (self.wakes, self._wake):
            end.setblocking(False)  # noqa: FBT003
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request)

    def _request(self, *_: object) -> None:
        self.requested = True

    def check(self) -> None:
        """Raise CancelledError when the runner was asked to end."""
        if self.requested:
            raise CancelledError


class Child:
    """A command that runs behind a guard, from entering the context until leaving it.

    Args:
        command: What to run, in `folder`, with exactly this environment.
        log: Takes its output.
        stop: Makes `wait` raise CancelledError.
        descriptors: Open files that it inherits under the same numbers.
        sandbox: Its bounds; None for a trusted command.
        group: The control group that the sandbox puts it into.
        guard: The module that runs the command: `guard` executes it.
        python: The interpreter of the guard; None for this one.
        spares: Spare guards, one of which may be used. They run in this interpreter.

    Raises:
        RunFailedError: On leaving, some of its processes could not be ended.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        log: Log,
        stop: Stop,
        descriptors: Sequence[int] = (),
        sandbox: Sandbox | None = None,
        group: ControlGroup | None = None,
        guard: str = GUARD,
        python: Path | None = None,
        spares: SpareGuards | None = None,
    ) -> None:
        self._group = group
        self.is_muted = False
        self._log = log
        self._stop = stop
        guard_spec = GuardSpec(os.getpid(), GRACE_SECONDS, sandbox, str(folder), command)
        spare = spares.start(guard, guard_spec, environment, descriptors) if spares and python is None else None
        self._guard = spare or subprocess.Popen(
            [python or sys.executable, "-P", "-m", guard, *guard_spec.as_arguments()],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=descriptors,
            start_new_session=True,
            bufsize=0,
        )
        assert self._guard.stdout is not None  # noqa: S101 - it is a pipe
        self._output = self._guard.stdout
        os.set_blocking(self._output.fileno(), False)
        self._ends = os.pidfd_open(self._guard.pid)
        self._selector = selectors.DefaultSelector()
        for source in (self._output, self._ends, stop.wakes):
            self._selector.register(source, selectors.EVENT_READ)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()
        self._selector.close()
        self._output.close()
        os.close(self._ends)

    def listen(self, channel: socket.socket) -> None:
        """Let `wait` also return when something arrives on this channel."""
        self._selector.register(channel, selectors.EVENT_READ)

    def deafen(self, channel: socket.socket) -> None:
        """Stop listening to a channel, if it is listened to."""
        if channel in self._selector.get_map():
            self._selector.unregister(channel)

    def mute(self) -> None:
        """Drop its output from now on; what it printed so far is kept."""
        self._take_output()
        self.is_muted = True

    @property
    def status(self) -> int | None:
        """None while it runs; then its exit status, with 128 added to the number of a signal, as in a shell."""
        status = self._guard.poll()
        return 128 - status if status is not None and status < 0 else status

    def wait(self, seconds: float) -> None:
        """Read its output until there is something for the caller to do, or for this many seconds.

        Raises:
            CancelledError: The runner was asked to end.
        """
        self._stop.check()
        ready = {key.fileobj for key, _ in self._selector.select(max(0.0, seconds))}
        if self._output in ready:
            self._take_output()
        self._stop.check()

    def go_on(self) -> None:
        """Kill the process that runs now with all its descendants; the guard then starts the next one, if there is one."""
        self._guard.send_signal(NEXT)

    def end(self) -> None:
        """End the command and all its descendants, and read the rest of its output; harmless if it has ended."""
        if self.status is None:
            self._guard.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS + 2
        while self.status is None and time.monotonic() < deadline:
            with suppress(subprocess.TimeoutExpired):
                self._guard.wait(0.1)
            self._take_output()
        self.kill()

    def kill(self) -> None:
        """Kill the command and all its descendants at once; harmless if it has ended."""
        if self._group:
            self._group.kill()
        if self.status is None:
            self._guard.kill()
            self._guard.wait()
        if not end_descendants():
            raise RunFailedError(
                FailureKind.TAMPERING,
                "Processes of the experiment could not be ended: they start new ones faster than they die",
            )
        self._take_output()

    def _take_output(self) -> None:
        for _ in range(_CHUNKS):
            try:
                chunk = os.read(self._output.fileno(), _CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                if self._output in self._selector.get_map():
                    self._selector.unregister(self._output)
                return
            if not self.is_muted:
                self._log.write(chunk)
