"""`python -P -m labhand.trainer.fork_server.server DESCRIPTOR CORES`: the fork server; see the package.

It first executes itself again with the environment of an experiment, because libraries read their variables when they are
loaded, and because experiments can read all of its memory.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from ..contract.run_folder import RunFolder
from ..contract.run_spec import RunSpec
from ..contract.starting.framed import receive_message, send_message
from ..contract.starting.runner_process import RESET_SIGNALS
from ..run.environment import scrubbed, without_shared_memory
from ..run.spare_guards import VARIABLE
from ..sandbox import private_shm
from ..sandbox.kernel import end_with_parent, hide
from .spare import stand_by

SPARES: Final = 2
"""Guards for each runner: for its command, and for the processes that are scored."""
IDLE_SECONDS: Final = 900.0
"""After so long without a request the server ends; the next runner starts a new one."""
LOADED: Final = ("torch", "torch._dynamo", "labhand.trainer.session", "labhand.trainer.evaluator.scoring_child")
"""`torch._dynamo` is what every optimizer of torch loads."""
_CLEAN: Final = "--clean"


def main(arguments: list[str]) -> int:
    """Serve until the other end of the socket is closed; in the processes that are forked, be what they are for."""
    descriptor, cores = int(arguments[0]), int(arguments[1])
    if _CLEAN not in arguments:
        _execute_again(arguments, cores)
    end_with_parent(signal.SIGKILL)
    hide()
    gc.disable()  # what imports make is no garbage: looking for it takes a tenth of the start
    for name in LOADED:
        importlib.import_module(name)
    shutil.rmtree(os.environ["TMPDIR"])
    gc.collect()
    gc.freeze()  # so that a collection in a fork doesn't copy the pages of all that is loaded
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for runners: the kernel reaps them
    with socket.socket(fileno=descriptor) as end:
        end.settimeout(IDLE_SECONDS)
        return _serve(end)


def _execute_again(arguments: Sequence[str], cores: int) -> None:
    """Start anew as a runner is started: with an experiment's environment, and no signal ignored or blocked.

    The variables of a single run count for nothing.
    """
    spec = RunSpec("", "", 0, 0.0, "cpu", "cpu", tuple(range(cores)))
    serial = {} if private_shm.can_be_private() else without_shared_memory()
    environment = scrubbed(spec, Path(tempfile.mkdtemp(prefix="labhand-")), **serial)  # torch makes a folder for its caches
    os.set_inheritable(int(arguments[0]), True)  # noqa: FBT003 - positional by its signature
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in RESET_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    os.execve(  # noqa: S606 - no shell is wanted
        sys.executable, [sys.executable, "-P", "-m", "labhand.trainer.fork_server.server", *arguments, _CLEAN], environment
    )


def _serve(end: socket.socket) -> int:
    while True:
        try:
            received = receive_message(end)
        except OSError:  # nobody needed it for a while
            return 0
        if received is None:
            return 0
        request, files = received
        if (pid := os.fork()) == 0:
            end.close()
            _become_runner(request, files)
        for file in files:
            os.close(file)
        try:
            send_message(end, {"pid": pid})
        except OSError:
            return 0


def _become_runner(request: Mapping[str, Any], files: Sequence[int]) -> NoReturn:
    """Fork the spare guards, and execute the runner in this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    me, spares = os.getpid(), list[tuple[int, socket.socket]]()
    for _ in range(SPARES):
        ours, theirs = socket.socketpair()
        if (pid := os.fork()) == 0:
            for end in (ours, *(end for _, end in spares)):
                end.close()
            stand_by(theirs, me)
        theirs.close()
        spares.append((pid, ours))
    with suppress(OSError):
        _execute_runner(request, files, spares)
    os._exit(1)


def _execute_runner(request: Mapping[str, Any], files: Sequence[int], spares: Sequence[tuple[int, socket.socket]]) -> None:
    folder, python, (secret, *kept) = RunFolder(Path(request["folder"])), request["python"], files
    environment = _read_environment(secret)
    output = os.open(folder.runner_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.chdir(request["place"])  # where the paths in its environment may start
    os.dup2(output, 1)
    os.dup2(output, 2)
    for number in [*kept, *(end.fileno() for _, end in spares)]:
        os.set_inheritable(number, True)  # noqa: FBT003 - positional by its signature
    named = {VARIABLE: ",".join(f"{pid}:{end.fileno()}" for pid, end in spares)}
    command = [python, "-P", "-m", "labhand.trainer.runner", str(folder.path)]
    os.execvpe(python, command, environment | named)  # noqa: S606 - no shell is wanted


def _read_environment(file: int) -> dict[str, str]:
    """The runner's environment, which may hold secrets: read only in the process that becomes the runner, and forks no more."""
    with os.fdopen(file, encoding="utf-8") as content:
        content.seek(0)
        environment: dict[str, str] = json.load(content)
    return environment


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
