"""Stands between the runner and an untrusted command.

`python -P -m labhand.trainer.sandbox.guard RUNNER GRACE SANDBOX CWD COMMAND…` starts the command in a session of its own, in a
sandbox unless SANDBOX is empty. It adopts every descendant that daemonises itself, and ends only when no process of the tree is
left, with the command's exit status. SIGTERM asks it to end the tree: SIGTERM to the command's group, and after the grace
SIGKILL to all. When the runner dies, the kernel sends the guard a SIGTERM, and there is no grace.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from .kernel import adopt_orphans, end_with_parent, hide
from .processes import end_descendants
from .sandbox import Sandbox

GUARD = "labhand.trainer.sandbox.guard"
"""This module, to be run."""
NOT_STARTED = 127
"""Exit status if the command could not be executed, as in a shell."""
FOR_COMMAND = "LABHAND_FOR_COMMAND_"
"""Before the name of a variable that only the command gets: `PYTHONPATH` would choose the guard's own modules."""
NEXT = signal.SIGUSR1
"""Asks a guard to kill the child that runs, without grace, and to start the next one, if there is one."""


@dataclass(frozen=True, slots=True)
class GuardSpec:
    """What a runner asks a guard to do.

    Attributes:
        runner: The runner's process id.
        grace: Seconds between SIGTERM and SIGKILL.
        sandbox: Around the command; None if it is trusted.
        folder: Where the command runs.
        command: To be executed, or used otherwise by the guard's module.
    """

    runner: int
    grace: float
    sandbox: Sandbox | None
    folder: str
    command: Sequence[str]

    def as_arguments(self) -> list[str]:
        """For a command line."""
        return [str(self.runner), str(self.grace), self.sandbox.as_text() if self.sandbox else "", self.folder, *self.command]

    @classmethod
    def from_arguments(cls, arguments: Sequence[str]) -> GuardSpec:
        """The inverse of `as_arguments`."""
        runner, grace, bounds, folder, *command = arguments
        return cls(int(runner), float(grace), Sandbox.from_text(bounds) if bounds else None, folder, command)

    def enter(self, guard: int) -> None:
        """Put this process, which the guard has forked, into the command's folder and sandbox."""
        os.chdir(self.folder)
        for name in [name for name in os.environ if name.startswith(FOR_COMMAND)]:
            os.environ[name.removeprefix(FOR_COMMAND)] = os.environ.pop(name)
        if self.sandbox:
            self.sandbox.enter()
        end_with_parent(signal.SIGKILL)
        if os.getppid() != guard:
            os._exit(NOT_STARTED)

    def execute(self, guard: int) -> NoReturn:
        """Turn this process, which the guard has forked, into the command."""
        try:
            self.enter(guard)
            os.execvp(self.command[0], [*self.command])  # noqa: S606 - the command is a list, and no shell is wanted
        except OSError as error:
            os.write(2, f"{self.command[0]} could not be started: {error}\n".encode())
        os._exit(NOT_STARTED)


class Guard:
    """This process, which runs one child after another.

    Args:
        spec: Names the runner, and the grace.
    """

    def __init__(self, spec: GuardSpec) -> None:
        self._spec = spec
        self._child: int | None = None
        self._goes_on = self._is_ending = False

    def stand(self, starts: Sequence[Callable[[int], object]]) -> int:
        """Fork a child for each function: the next one when `NEXT` has asked for it and no process of the one before is left.

        A child returns from here too, after its function, which gets the guard's process id.

        Returns:
            The exit status of the last child, as in a shell.
        """
        adopt_orphans()
        hide()
        for number, act in ((signal.SIGALRM, self._kill), (signal.SIGTERM, self._end), (NEXT, self._next)):
            signal.signal(number, act)
        end_with_parent(signal.SIGTERM)
        self._is_ending = os.getppid() != self._spec.runner
        me, status = os.getpid(), 0
        for start in starts:
            self._goes_on = False
            if (child := os.fork()) == 0:
                _forget_signals()
                start(me)
                return 0
            status = self._see_out(child)
            if not end_descendants() or self._is_ending or not self._goes_on:
                break
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return status

    def _see_out(self, child: int) -> int:
        self._child = child
        if self._is_ending:
            self._end()
        status = _wait_for(child)
        self._child = None
        return status

    def _signal_group(self, number: signal.Signals) -> None:
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child, number)

    def _kill(self, *_: object) -> None:
        self._signal_group(signal.SIGKILL)

    def _next(self, *_: object) -> None:
        self._goes_on = True
        self._kill()

    def _end(self, *_: object) -> None:
        self._is_ending = True
        runner_lives = os.getppid() == self._spec.runner
        self._signal_group(signal.SIGTERM if runner_lives else signal.SIGKILL)
        signal.setitimer(signal.ITIMER_REAL, self._spec.grace)


def keep_only(descriptor: int) -> None:
    """In a fork of a guard: close the guard's files but standard input, output and error, and this one."""
    for number in [int(file.name) for file in Path("/proc/self/fd").iterdir()]:
        if number > sys.stderr.fileno() and number != descriptor:
            with contextlib.suppress(OSError):  # the one that listed them
                os.close(number)


def _forget_signals() -> None:
    """In a child, which gets a session of its own: restore the default action of the guard's signals."""
    os.setsid()
    for number in (signal.SIGALRM, signal.SIGTERM, NEXT):
        signal.signal(number, signal.SIG_DFL)


def _wait_for(pid: int) -> int:
    """Reap all processes that end until this child has.

    Returns:
        Its exit status, as in a shell.
    """
    while True:
        ended, status = os.wait()
        if ended == pid:
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def main(arguments: list[str]) -> int:
    """Run one command until its last descendant has ended, and return its exit status."""
    spec = GuardSpec.from_arguments(arguments)
    return Guard(spec).stand([spec.execute])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
