"""Stands between the runner and an untrusted command.

`python -P -m labhand.trainer.guard RUNNER GRACE SANDBOX CWD COMMAND…` starts the command in a session of its own, in a sandbox
unless SANDBOX is empty, adopts whatever daemonises itself below it, and ends only when nothing of the tree is left, with the
command's exit status. SIGTERM asks it to end the tree: SIGTERM to the command's group, and after the grace SIGKILL to all. When
the runner dies, the kernel sends it that SIGTERM, and there is no grace.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import NoReturn

from .kernel import adopt_orphans, end_with_parent, hide
from .processes import end_descendants
from .sandbox import Sandbox

NOT_STARTED = 127
"""Exit status when the command could not be executed, as a shell gives it."""


def _become(command: list[str], folder: str, sandbox: Sandbox | None, guard: int) -> NoReturn:
    """Turn this freshly forked process into the command."""
    try:
        os.setsid()
        os.chdir(folder)
        if sandbox:
            sandbox.enter()
        end_with_parent(signal.SIGKILL)
        if os.getppid() != guard:
            os._exit(NOT_STARTED)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.execvp(command[0], command)  # noqa: S606 - the command is a list, and no shell is wanted
    except OSError as error:
        os.write(2, f"{command[0]} could not be started: {error}\n".encode())
    os._exit(NOT_STARTED)


def _wait_for(pid: int) -> int:
    """Reap whatever ends until this child has; gives its exit status as a shell does."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def main(arguments: list[str]) -> int:
    """Run one command to the end of its last descendant, and give its exit status."""
    runner, grace, bounds, folder, command = int(arguments[0]), float(arguments[1]), arguments[2], arguments[3], arguments[4:]
    sandbox = Sandbox.from_text(bounds) if bounds else None
    adopt_orphans()
    hide()
    me, child = os.getpid(), os.fork()
    if child == 0:
        _become(command, folder, sandbox, me)

    def signal_group(number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, number)

    def kill(*_: object) -> None:
        signal_group(signal.SIGKILL)

    def end(*_: object) -> None:
        runner_lives = os.getppid() == runner
        signal_group(signal.SIGTERM if runner_lives else signal.SIGKILL)
        signal.setitimer(signal.ITIMER_REAL, grace)

    signal.signal(signal.SIGALRM, kill)
    signal.signal(signal.SIGTERM, end)
    end_with_parent(signal.SIGTERM)
    if os.getppid() != runner:
        end()
    status = _wait_for(child)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_descendants()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
