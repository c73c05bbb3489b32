"""`[processes]`: the processes that a command starts, and how they find each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .toml_table import TomlTable

PROCESSES_KEYS: Final[Mapping[str, Any]] = {"count": None}
PLACEHOLDER: Final = "{processes}"
"""Stands in a command for the number of processes."""
COUNT_VARIABLE: Final = "LABHAND_PROCESSES"
"""Environment variable that tells a command the number of processes."""
INTERFACE_VARIABLES: Final = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME", "TP_SOCKET_IFNAME")
"""Environment variables that name the network interface over which processes of torch talk."""
MAX_PROCESSES: Final = 64
"""Processes of one command: all of them run on one machine."""


@dataclass(frozen=True, slots=True)
class Processes:
    """What a trainer's code needs of a machine. How many GPUs a pool gives to an experiment is the pool's setting.

    Attributes:
        count: Processes that the command starts and that train together. Each needs a GPU or a core of its own.
    """

    count: int = 1


def read_processes(table: TomlTable) -> Processes:
    """Read the table `[processes]`, whose presence alone gives the command a loopback network."""
    count = table.positive_integer("count", 1)
    if count > MAX_PROCESSES:
        table.problem("count", f"is {count} and may be {MAX_PROCESSES} at most: all processes run on one machine")
    return Processes(count)
