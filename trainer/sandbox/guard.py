"""Stands between the runner and an untrusted command.

`python -P -m labhand.trainer.sandbox.guard RUNNER GRACE SANDBOX CWD COMMAND…` starts the command in a session of its own, in a
sandbox unless SANDBOX is empty, adopts whatever daemonises itself below it, and ends only when nothing of the tree is left,
with the command's exit status. SIGTERM asks it to end the tree: SIGTERM to the command's group, and after the grace SIGKILL to
all. When the runner dies, the kernel sends it that SIGTERM, and there is no grace.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from .kernel import adopt_orphans, end_with_parent, hide
from .processes import end_descendants
from .sandbox import Sandbox

NOT_STARTED = 127
"""Exit status when the command could not be executed, as a shell gives it."""
NEXT = signal.SIGUSR1
"""Asks a guard to end what it stands before, without grace, and to start what comes next, if anything does."""


@dataclass(frozen=True, slots=True)
class GuardSpec:
    """What a runner charges a guard with.

    Attributes:
        runner: Its process.
        grace: Seconds between SIGTERM and SIGKILL.
        sandbox: Around the command; None if it is trusted.
        folder: Where the command runs.
        command: To be executed, or what else the guard's module makes of it.
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
        """What `as_arguments` gave."""
        runner, grace, bounds, folder, *command = arguments
        return cls(int(runner), float(grace), Sandbox.from_text(bounds) if bounds else None, folder, command)

    def enter(self, guard: int) -> None:
        """Put this process, which the guard has forked, where the command may run."""
        os.chdir(self.folder)
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
    """This process, as it stands before one child after another.

    Args:
        charge: By whom, and how much grace there is.
    """

    def __init__(self, charge: GuardSpec) -> None:
        self._charge = charge
        self._child: int | None = None
        self._goes_on = self._is_ending = False

    def stand(self, starts: Sequence[Callable[[int], object]]) -> int:
        """Fork a child for each of these, the next when the last of the one before has ended and `NEXT` had asked for it.

        A child returns from here, too, after what it was to do, which is told the guard's process id.

        Returns:
            The exit status of the last child, as a shell gives it.
        """
        adopt_orphans()
        hide()
        for number, act in ((signal.SIGALRM, self._kill), (signal.SIGTERM, self._end), (NEXT, self._next)):
            signal.signal(number, act)
        end_with_parent(signal.SIGTERM)
        self._is_ending = os.getppid() != self._charge.runner
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
        runner_lives = os.getppid() == self._charge.runner
        self._signal_group(signal.SIGTERM if runner_lives else signal.SIGKILL)
        signal.setitimer(signal.ITIMER_REAL, self._charge.grace)


def _forget_signals() -> None:
    """In a child, which leads a session of its own: no signal means to it what it means to its guard."""
    os.setsid()
    for number in (signal.SIGALRM, signal.SIGTERM, NEXT):
        signal.signal(number, signal.SIG_DFL)


def _wait_for(pid: int) -> int:
    """Reap whatever ends until this child has; gives its exit status as a shell does."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def main(arguments: list[str]) -> int:
    """Run one command to the end of its last descendant, and give its exit status."""
    charge = GuardSpec.from_arguments(arguments)
    return Guard(charge).stand([charge.execute])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
