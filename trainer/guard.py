"""Stands between the runner and code that it doesn't trust: `python -P -m labhand.trainer.guard RUNNER GRACE CWD COMMAND…`.

The guard starts the command in a session of its own, adopts whatever daemonises itself below it, and ends only when nothing of
the tree is left, with the command's exit status. SIGTERM asks it to end the tree: SIGTERM to the command's group, and after
the grace SIGKILL to all. When the runner dies, the kernel sends it that SIGTERM, and there is no grace.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import NoReturn

from .processes import adopt_orphans, end_descendants, end_with_parent

NOT_STARTED = 127
"""Exit status when the command could not be executed, as a shell gives it."""


def _become(command: list[str], folder: str) -> NoReturn:
    """Turn this freshly forked process into the command."""
    try:
        end_with_parent(signal.SIGKILL)
        os.setsid()
        os.chdir(folder)
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
    runner, grace, folder, command = int(arguments[0]), float(arguments[1]), arguments[2], arguments[3:]
    adopt_orphans()
    child = os.fork()
    if child == 0:
        _become(command, folder)

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
