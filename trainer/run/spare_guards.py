"""The spare guards of a runner that a fork server has started: processes that have loaded torch, and wait to be a guard."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Final

from ..contract.starting.fork_server import can_be_forked
from ..contract.starting.framed import receive_message, send_message
from ..sandbox.guard import FOR_COMMAND, GUARD, GuardSpec
from ..sandbox.processes import forget, leave_alone

VARIABLE: Final = "LABHAND_SPARE_GUARDS"
"""Names them to the runner: `PID:DESCRIPTOR,…`."""
SCRIPT: Final = "labhand.trainer.fork_server.script"
"""The guard that runs a script in a fork of itself."""
MAX_ANSWER_SECONDS: Final = 20.0
_EARLY: Final = (
    "ATEN_", "BLIS_", "CUDA_", "DNNL_", "GOMP_", "GLIBC_", "KMP_", "LANG", "LC_", "LD_", "MALLOC_", "MKL_", "NUMEXPR_", "OMP_",
    "ONEDNN_", "OPENBLAS_", "PYTHON", "PYTORCH_", "TORCH", "TZ",
)  # fmt: skip
"""Variables whose names begin so are read when Python or a library is loaded."""
_LATE: Final = frozenset({"TORCHINDUCTOR_CACHE_DIR", "CUDA_CACHE_PATH"})
"""Variables among them that are read when they are needed."""
_TICK_SECONDS: Final = 0.01


def differs_early(loaded: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether libraries that were loaded with one environment might behave otherwise if they were loaded with another.

    Args:
        loaded: The environment of the process that has loaded them.
        wanted: The environment that a guard is to have, with those variables that only its command gets.
    """
    return _early(loaded) != _early(wanted)


def _early(environment: Mapping[str, str]) -> dict[str, str]:
    plain = {name.removeprefix(FOR_COMMAND): value for name, value in environment.items()}
    return {name: value for name, value in plain.items() if name.startswith(_EARLY) and name not in _LATE}


def script_to_fork(spec: GuardSpec) -> Path | None:
    """The script that a command runs in this interpreter, if it gains by a fork; None for any other command."""
    python, script, *_ = [*spec.command, ""]
    if python != sys.executable or not script.endswith(".py") or script.startswith("-"):
        return None
    path = Path(spec.folder) / script
    return path if can_be_forked(path) else None


class SpareGuards:
    """The spare guards that are left. They are labhand's own processes, and no part of the experiment."""

    def __init__(self, named: str = "") -> None:
        pairs = [entry.split(":") for entry in named.split(",") if entry]
        self._left = [(int(pid), socket.socket(fileno=int(descriptor))) for pid, descriptor in pairs]
        leave_alone(pid for pid, _ in self._left)
        for _, end in self._left:
            os.set_inheritable(end.fileno(), False)  # noqa: FBT003 - positional by its signature
            end.settimeout(MAX_ANSWER_SECONDS)

    @classmethod
    def of_this_runner(cls) -> SpareGuards:
        """Those that this process's environment names; the variable is removed."""
        return cls(os.environ.pop(VARIABLE, ""))

    def start(
        self, module: str, spec: GuardSpec, environment: Mapping[str, str], descriptors: Sequence[int]
    ) -> SpareProcess | None:
        """Have the next spare guard be a guard, as if `python -P -m MODULE …` had been started.

        Args:
            module: Of the guard; for `GUARD`, the command has to be a script that loads torch.
            spec: What the guard does.
            environment: Its variables.
            descriptors: Open files that it gets under the same numbers.

        Returns:
            The guard; None if there is no spare one, or it can't do what a new process does.
        """
        script = script_to_fork(spec) if module == GUARD else None
        if not self._left or (module == GUARD and script is None):
            return None
        pid, end = self._left.pop()
        output, theirs = os.pipe2(os.O_CLOEXEC)
        order = {
            "module": module if script is None else SCRIPT,
            "arguments": spec.as_arguments(),
            "environment": {**environment},
            "descriptors": [*descriptors],
            "script": "" if script is None else str(script),
        }
        answer = None
        with end, suppress(OSError):
            send_message(end, order, [theirs, *descriptors])
            answer = receive_message(end)
        os.close(theirs)
        process = SpareProcess(pid, output)
        if answer is not None:
            return process
        process.kill()
        process.wait()
        process.stdout.close()
        return None


class SpareProcess:
    """A guard that was a spare one, with what a runner needs of `subprocess.Popen`.

    Attributes:
        pid: Of the guard.
        stdout: What it and its command print.
        returncode: None until it has ended; then its exit status, negative for a signal.
    """

    def __init__(self, pid: int, output: int) -> None:
        self.pid = pid
        self.stdout = FileIO(output)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit status, if it has ended."""
        if self.returncode is None:
            try:
                ended, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # somebody else has waited for it
                ended, status = self.pid, 0
            if ended:
                self.returncode = os.waitstatus_to_exitcode(status)
                forget(self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, when it has ended.

        Raises:
            subprocess.TimeoutExpired: It has not ended in time.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(SCRIPT, timeout or 0.0)
            time.sleep(_TICK_SECONDS)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Send it a SIGKILL, unless it has ended."""
        self.send_signal(signal.SIGKILL)
