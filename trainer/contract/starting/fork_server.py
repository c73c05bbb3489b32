"""Starting runners through a fork server, a process that has loaded torch once for all runs of a lab on this machine.

`labhand.trainer.fork_server` is the server, and docs/runs.md explains what it forks.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..environment import without_keys
from ..errors import ContractError
from ..files import read_bounded
from ..run_folder import RunFolder
from ..trainer_toml.trainer_file import TrainerFile, read_trainer
from .framed import receive_message, send_message
from .runner_process import start_runner

MAX_START_SECONDS: Final = 60.0
"""How long the server may take to load torch, or to start a runner, on a busy machine."""
_MAX_SCRIPT_BYTES: Final = 1 << 20
_TORCH: Final = re.compile(rb"\b(?:torch|labhand\.trainer)\b")
_TOO_LATE: Final = re.compile(
    rb"environ[^\n]{0,40}['\"](?:ATEN|BLIS|DNNL|GOMP|KMP|MALLOC|MKL|NUMEXPR|OMP|ONEDNN|OPENBLAS|TORCH)"
)
"""A script that sets such a variable does so before it loads the libraries that read it."""


def is_served(source: Path) -> bool:
    """Whether runs of a source start sooner through a fork server: they load torch, in the runner's own interpreter.

    Args:
        source: The folder that holds `trainer.toml`.
    """
    try:
        trainer = read_trainer(source)
    except ContractError:  # the runner explains in its result what is wrong with the file
        return False
    own = trainer.environment
    if own.is_made or own.python or own.prefix or trainer.command[0] != "python":
        return False
    return trainer.data is not None or _has_script_to_fork(trainer, source)


def _has_script_to_fork(trainer: TrainerFile, source: Path) -> bool:
    scripts = [word for word in trainer.command[1:] if word.endswith(".py")]
    return any(can_be_forked(source / script) for script in scripts)


def can_be_forked(script: Path) -> bool:
    """Whether a script loads torch, and sets no variable that torch reads then, as far as its own text shows that."""
    text = read_bounded(script, _MAX_SCRIPT_BYTES) or b""
    return _TORCH.search(text) is not None and _TOO_LATE.search(text) is None


class ForkServer:
    """A fork server, which is started when the first runner needs it. It ends with this object, or with this process.

    Args:
        python: The interpreter that has labhand.
        cores: Of each run: libraries read the number of threads when they are loaded.
    """

    def __init__(self, python: str, cores: int) -> None:
        self._python = python
        self._cores = cores
        self._process: subprocess.Popen[bytes] | None = None
        self._end: socket.socket | None = None
        self._failures = 0
        self._one_at_a_time = threading.Lock()

    def start_runner(self, folder: RunFolder, descriptors: Sequence[int]) -> int | None:
        """Start the runner of the run in `folder`, by the server where that works, else as any other process.

        Args:
            folder: The run folder, with `spec.json` and `source/`.
            descriptors: Open files that the runner inherits.

        Returns:
            The process id of a runner that is a child of this process; None where the server is its parent.
        """
        with self._one_at_a_time:
            for _ in range(2):  # a server that nobody needed for a while has ended
                if self._failures > 1:
                    break
                if self._ask(folder, descriptors):
                    self._failures = 0
                    return None
                self._failures += 1
                self._stop()
        for descriptor in descriptors:
            os.set_inheritable(descriptor, True)  # noqa: FBT003 - positional by its signature
        return start_runner(self._python, folder)

    def close(self) -> None:
        """End the server; runners that it has started go on."""
        with self._one_at_a_time:
            self._stop()

    def _ask(self, folder: RunFolder, descriptors: Sequence[int]) -> bool:
        try:
            end = self._end or self._start()
            environment = _environment_file()
            request = {"python": self._python, "folder": str(folder.path), "place": str(Path.cwd())}
            try:
                send_message(end, request, [environment, *descriptors])
            finally:
                os.close(environment)
            return receive_message(end) is not None
        except OSError:
            return False

    def _start(self) -> socket.socket:
        self._end, theirs = socket.socketpair()
        self._end.settimeout(MAX_START_SECONDS)
        with theirs:
            self._process = subprocess.Popen(
                [self._python, "-P", "-m", "labhand.trainer.fork_server.server", str(theirs.fileno()), str(self._cores)],
                env=without_keys(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                cwd="/",
            )
        return self._end

    def _stop(self) -> None:
        if self._end is not None:
            self._end.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._end = self._process = None


def _environment_file() -> int:
    """A file in memory with the environment of a runner, which may hold secrets: the server hands it on without reading it."""
    file = os.memfd_create("environment")
    content = json.dumps(without_keys(os.environ)).encode()
    os.pwrite(file, content, 0)
    return file
