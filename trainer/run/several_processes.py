"""Commands that start several processes: how they are started, find each other, and fail where their network is closed."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..contract.failures import FailureKind
from ..contract.trainer_toml.processes import COUNT_VARIABLE, INTERFACE_VARIABLES, PLACEHOLDER
from ..contract.trainer_toml.trainer_file import TrainerFile
from ..sandbox.policy import LOOPBACK, Confinement
from ..sandbox.private_network import REMEDY
from .environment import THREADS
from .failures.classify import RunFailedError, relevant_lines
from .output.log import Log

LAUNCHERS: Final = frozenset(
    {"torchrun", "torch.distributed.run", "torch.distributed.launch", "deepspeed", "mpirun", "mpiexec"}
)
"""Programs and modules that start the processes of a training, which then find each other over a network."""
_MODULES: Final[Mapping[str, str]] = {"torchrun": "torch.distributed.run"}
_CLOSED: Final = re.compile(r"\[c10d\].{0,400}errno: 13 - Permission denied|NCCL WARN .{0,200}Permission denied")
_WATCHED_BYTES: Final = 2**16
"""Of the beginning of a log, in which a closed network shows."""
_LOOK_SECONDS: Final = 0.5
_OPEN_IT: Final = (
    "Add [processes] with count = 2 to trainer.toml (or the number of processes that the command starts, 1 included): it gives"
    " them a loopback network of their own. An experiment can't change that file: a person has to."
)


def with_launcher(trainer: TrainerFile) -> TrainerFile:
    """A trainer whose command names the number of processes, and torchrun as the module of torch that it is.

    The module runs in the interpreter that stands for a bare `python`, whether or not its scripts are on the PATH.
    """
    first, *rest = trainer.command
    words = ["python", "-m", _MODULES[first], *rest] if first in _MODULES else [first, *rest]
    count = str(trainer.process_count)
    return replace(trainer, command=tuple(word.replace(PLACEHOLDER, count) for word in words))


def check_network(trainer: TrainerFile, confinement: Confinement) -> None:
    """Check that processes which have to find each other can do so, before anything is started.

    Raises:
        RunFailedError: They need a loopback network, and `trainer.toml` doesn't ask for it, or this machine can't give it.
    """
    network = confinement.in_force["network"]
    if network in {"allowed", "none", LOOPBACK}:
        return
    if confinement.needs_loopback:
        message = (
            "[processes] in trainer.toml asks for a loopback network, and this machine allows no network namespace to make one"
        )
        raise RunFailedError(FailureKind.SANDBOX_REFUSED, message, (), REMEDY)
    launcher = next((word for word in map(_name, trainer.command) if word in LAUNCHERS), None)
    if launcher is not None:
        message = (
            f"The command starts processes with {launcher}, which find each other over a loopback network, and it is closed"
        )
        raise RunFailedError(FailureKind.SANDBOX_REFUSED, message, (), _OPEN_IT)


def _name(word: str) -> str:
    return Path(word).name


def process_variables(trainer: TrainerFile, cores: int) -> Mapping[str, str]:
    """Environment variables for a command that starts several processes; none for any other.

    Args:
        trainer: Its count of processes.
        cores: That belong to the run; 0 if it isn't pinned.
    """
    if trainer.processes is None:
        return {}
    threads = dict.fromkeys(THREADS, str(max(1, cores // trainer.process_count))) if cores else {}
    interfaces = {} if trainer.network else dict.fromkeys(INTERFACE_VARIABLES, "lo")
    return {COUNT_VARIABLE: str(trainer.process_count), **threads, **interfaces}


class ClosedNetworkWatch:
    """Ends a command that keeps trying to connect its processes over a network that is closed.

    Args:
        log: Its output, of which the beginning is read.
        confinement: Its bounds.
    """

    def __init__(self, log: Log, confinement: Confinement) -> None:
        self._log = log
        self._is_due = confinement.in_force["network"] not in {"allowed", "none", LOOPBACK}
        self._next = 0.0

    def look(self) -> None:
        """Look at the beginning of the log, if it is time.

        Raises:
            RunFailedError: The network was refused.
        """
        if not self._is_due or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _LOOK_SECONDS
        text = self._log.beginning(_WATCHED_BYTES)
        self._is_due = len(text) < _WATCHED_BYTES
        if match := _CLOSED.search(text):
            message = "The processes of the command look for each other over a loopback network, and it is closed"
            raise RunFailedError(FailureKind.SANDBOX_REFUSED, message, relevant_lines(match[0]), _OPEN_IT)
