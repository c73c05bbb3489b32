"""What this backend asks of SkyPilot, in words that need no SkyPilot."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ...errors import LabhandError

Trouble = Literal["no_capacity", "gone", "not_up", "away", "version", "credentials", "mistaken", "missing", "broken", "other"]
"""What went wrong: no machines at the moment; no such cluster; a cluster that isn't up; nobody answers; the API server has
another version; nobody may; the settings ask for what doesn't exist; SkyPilot isn't installed; its own part of the cluster is
broken; anything else."""
LONGEST = 700
"""Characters of what SkyPilot says that are kept."""
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
_SECRET = re.compile(r"(?<=://)[^/\s@]+:[^/\s@]+(?=@)|(?<=Bearer )\S+|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")
SHORTEST_SECRET = 8


class SkyError(LabhandError):
    """SkyPilot could not do it.

    Attributes:
        trouble: What kind of thing went wrong.
    """

    def __init__(self, trouble: Trouble, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy or REMEDIES[trouble])
        self.trouble = trouble


REMEDIES: Mapping[Trouble, str] = {
    "no_capacity": "Its experiments wait, and it is tried again; more choices of `infra` help",
    "gone": "",
    "not_up": "",
    "away": "`sky api info` tells whether SkyPilot's API server runs, `sky api start` starts it; runs go on meanwhile",
    "version": "Make the two the same: `sky api stop; sky api start`, or install the server's version of skypilot here",
    "credentials": "`sky check` tells what is missing, and `labhand doctor` what is enabled",
    "mistaken": "`sky gpus list` has the names of GPUs and how many a machine has; mend the pool in labhand.toml",
    "missing": "pip install 'labhand[skypilot]'",
    "broken": "",
    "other": "",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """What a cluster is made of: one machine.

    Attributes:
        infra: As SkyPilot writes it.
        gpus: Of the kind `gpu`.
        cpus: At least.
    """

    infra: str
    gpu: str
    gpus: int
    cpus: int
    use_spot: bool = False
    image: str | None = None
    idle_minutes: int = 10


@dataclass(frozen=True, slots=True)
class Job:
    """What runs on a cluster.

    Attributes:
        script: For bash.
        gpus: That it holds; 0 for none.
    """

    name: str
    script: str
    gpu: str
    gpus: int
    cpus: int


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """A cluster as SkyPilot sees it.

    Attributes:
        status: `UP`, `INIT`, `STOPPED` and the like.
        reason: Why it is no better; empty when it is up.
    """

    status: str
    reason: str = ""


class SkyApi(Protocol):
    """SkyPilot, as far as it is used. Every call is bounded in time, and raises SkyError."""

    async def launch(self, cluster: str, machine: Machine) -> float:
        """Bring a cluster up, torn down by itself when idle; again is harmless. Gives its price in dollars an hour."""
        ...

    async def execute(self, cluster: str, job: Job) -> int:
        """Queue a job on a cluster; gives its number."""
        ...

    def follow(self, cluster: str, job: int) -> AsyncIterator[str]:
        """The lines of a job's log from its beginning, as they come, until the job is over or the connection is lost."""
        ...

    async def job_status(self, cluster: str, job: int) -> str | None:
        """`RUNNING`, `SUCCEEDED`, `FAILED_SETUP` and the like; None for a job that isn't there."""
        ...

    async def status(self, clusters: Sequence[str]) -> Mapping[str, ClusterStatus]:
        """The clusters as they are, asked of the infrastructure itself; those that are gone are missing."""
        ...

    async def stay(self, cluster: str, idle_minutes: int) -> None:
        """Begin to count a cluster's idle minutes anew."""
        ...

    async def down(self, cluster: str) -> None:
        """Tear a cluster down; one that is gone is no error."""
        ...

    async def price(self, machine: Machine) -> float | None:
        """Dollars an hour by SkyPilot's catalogue; None where it has no price."""
        ...


def plain(text: str) -> str:
    """A text without colours, and without anything that gives away a secret of this process's environment."""
    text = _ANSI.sub("", text)
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name) and len(value) >= SHORTEST_SECRET:
            text = text.replace(value, "***")
    return _SECRET.sub("***", text)


def one_line(text: str) -> str:
    """What SkyPilot says, as far as it fits into a note."""
    line = " ".join(plain(text).split())
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"
