"""The part of SkyPilot that this backend uses, as an interface that needs no SkyPilot."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ...errors import LabhandError

Trouble = Literal["no_capacity", "gone", "not_up", "away", "version", "credentials", "mistaken", "missing", "broken", "other"]
"""What went wrong, in this order: no machines are available; there is no such cluster; the cluster isn't up; nobody answers;
the API server has another version; credentials are missing; the settings ask for what doesn't exist; SkyPilot isn't installed;
SkyPilot's part of the cluster is broken; anything else."""
MAX_CHARACTERS = 700
"""Characters that are kept of a message of SkyPilot's."""
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
# Linear: the name before a password has no colon, so that there is one way to split an address.
_SECRET = re.compile(r"(?<=://)[^/\s@:]*:[^/\s@]*(?=@)|(?<=Bearer )\S+|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")
MIN_SECRET_CHARACTERS = 8
"""A shorter value of the environment isn't searched for: it would be found in ordinary words."""


_LOOK = "`sky status` shows the cluster; `.labhand/dispatcher.log` has the details"


class SkyError(LabhandError):
    """A call of SkyPilot's failed.

    Attributes:
        trouble: What went wrong.
    """

    def __init__(self, trouble: Trouble, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy or REMEDIES[trouble])
        self.trouble = trouble


REMEDIES: Mapping[Trouble, str] = {
    "no_capacity": "The pool's experiments wait, and labhand tries again. More choices in its `infra` let it look elsewhere",
    "gone": _LOOK,
    "not_up": _LOOK,
    "away": "`sky api info` shows whether SkyPilot's API server runs, and `sky api start` starts it. Runs go on meanwhile",
    "version": "Restart the API server with `sky api stop; sky api start`, or install the server's version of skypilot here",
    "credentials": "`sky check` shows which credentials are missing, and `labhand doctor` which infrastructure is enabled",
    "mistaken": "`sky gpus list` shows the names of GPUs and how many a machine has. Correct the pool in labhand.toml",
    "missing": "pip install 'labhand[skypilot]'",
    "broken": _LOOK,
    "other": _LOOK,
}


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that a cluster consists of.

    Attributes:
        infra: The infrastructure, as SkyPilot writes it.
        gpu: The kind of GPU, as SkyPilot names it.
        gpus: The number of GPUs.
        cpus: The least number of processors.
        use_spot: Whether the machine may be taken away at any time, for a lower price.
        image: The image of the container or machine; None for SkyPilot's default.
        idle_minutes: Minutes without a job after which the cluster is torn down.
        stays_queued: Whether to wait in the scheduler's queue for as long as it takes: a launch that is given up and repeated
            loses its place there. Otherwise another infrastructure is tried after a while.
    """

    infra: str
    gpu: str
    gpus: int
    cpus: int
    use_spot: bool = False
    image: str | None = None
    idle_minutes: int = 10
    stays_queued: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A job on a cluster.

    Attributes:
        name: The name that SkyPilot shows.
        script: The commands, for bash.
        gpu: The kind of GPU, as SkyPilot names it.
        gpus: The number of GPUs that it holds; 0 for none.
        cpus: The number of processors that it holds.
    """

    name: str
    script: str
    gpu: str
    gpus: int
    cpus: int


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """The state of a cluster.

    Attributes:
        status: SkyPilot's word for it, such as `UP`, `INIT` or `STOPPED`.
        reason: Why it isn't up; empty if it is.
    """

    status: str
    reason: str = ""


class SkyApi(Protocol):
    """SkyPilot, as far as this backend uses it. Every call ends within a limited time, and raises SkyError if it fails."""

    async def launch(self, cluster: str, machine: Machine) -> float:
        """Launch a cluster that is torn down when it is idle, and return its price in dollars an hour.

        Launching a cluster that is up already changes nothing.
        """
        ...

    async def execute(self, cluster: str, job: Job) -> int:
        """Queue a job on a cluster, and return its number."""
        ...

    def follow(self, cluster: str, job: int) -> AsyncIterator[str]:
        """Yield the lines of a job's log from its beginning, until the job is over or the connection is lost."""
        ...

    async def job_status(self, cluster: str, job: int) -> str | None:
        """Return the state of a job, such as `RUNNING`, `SUCCEEDED` or `FAILED_SETUP`; None if there is no such job."""
        ...

    async def status(self, clusters: Sequence[str]) -> Mapping[str, ClusterStatus]:
        """Ask the infrastructure itself for the state of clusters, and return those that exist."""
        ...

    async def pending_reason(self, cluster: str) -> str:
        """Return why a cluster that is being launched has no machines yet, in the scheduler's own words; empty if unknown."""
        ...

    async def exist(self, clusters: Mapping[str, str]) -> Mapping[str, bool]:
        """Ask the infrastructure whether it still has clusters, whatever SkyPilot's own records say.

        Args:
            clusters: The infrastructure of each cluster, by the cluster's name.

        Returns:
            The answer for each cluster; without those whose infrastructure can be asked through SkyPilot only.
        """
        ...

    async def prolong(self, cluster: str, idle_minutes: int) -> None:
        """Restart the idle time of a cluster."""
        ...

    async def down(self, cluster: str) -> None:
        """Tear a cluster down. It is no error if the cluster is gone already."""
        ...

    async def price(self, machine: Machine) -> float | None:
        """Return the dollars an hour that SkyPilot's catalogue has for a machine; None if it has no price."""
        ...


def plain(text: str) -> str:
    """Return a text without colours, and without secrets of this process's environment."""
    text = _ANSI.sub("", text)
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name) and len(value) >= MIN_SECRET_CHARACTERS:
            text = text.replace(value, "***")
    return _SECRET.sub("***", text)


def one_line(text: str) -> str:
    """Return a message of SkyPilot's as one line that fits into a note."""
    line = " ".join(plain(text).split())
    return line if len(line) <= MAX_CHARACTERS else line[:MAX_CHARACTERS] + "…"
