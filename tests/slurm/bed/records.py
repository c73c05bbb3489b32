"""What Slurm itself has on record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from .places import INSIDE
from .running import run


@dataclass(frozen=True)
class Job:
    """An allocation: a SkyPilot cluster is one.

    Attributes:
        name: The cluster's on the cloud: its own and a hash.
        state: `PENDING`, `RUNNING`, `COMPLETED`, `CANCELLED`, `NODE_FAIL`, …
        node: Empty while it waits.
        started: Unix time; None while it waits.
        ended: None while it waits or runs.
    """

    id: str
    name: str
    state: str
    node: str
    started: float | None
    ended: float | None = None


@dataclass(frozen=True)
class Step:
    """A task that ran in an allocation: a job of a SkyPilot cluster's queue is one, and a training can be one within it.

    Attributes:
        job: The allocation's id.
        name: `sky-7` for job 7 of a cluster's queue; a training's, where it is a step, is its run's.
        gpus: The device numbers that Slurm gave to it.
        started: Unix time on the node.
        ended: None while it runs, or if its node didn't live to say.
    """

    job: str
    id: str
    name: str
    node: str
    gpus: tuple[int, ...]
    started: float
    ended: float | None


def jobs() -> list[Job]:
    """Slurm's queue."""
    lines = [line.split("|") for line in run("squeue", "--noheader", "--format=%i|%j|%T|%N|%S").splitlines()]
    return [Job(number, name, state, node, _time(start) if node else None) for number, name, state, node, start in lines]


def ended_jobs() -> list[Job]:
    """Slurm's completion log, oldest first."""
    path = INSIDE / "log/jobs.txt"
    fields = (
        dict(re.findall(r"(\w+)=(\S*)", line)) for line in (path.read_text("utf-8").splitlines() if path.exists() else ())
    )
    return [
        Job(job["JobId"], job["Name"], job["JobState"], job["NodeList"], _time(job["StartTime"]), _time(job["EndTime"]))
        for job in fields
    ]


def steps(pattern: str) -> list[Step]:
    """The nodes' log of the steps whose whole name matches (see `files/bin/record`): SkyPilot runs errands in steps, too."""
    path = INSIDE / "log/steps.txt"
    lines = [line.split() for line in (path.read_text("utf-8").splitlines() if path.exists() else ())]
    ended = {(job, step): float(when) for when, what, _, job, step, *_ in lines if what == "ended"}
    return [
        Step(job, step, name, node, _numbers(gpus), float(when), ended.get((job, step)))
        for when, what, node, job, step, gpus, name in lines
        if what == "started" and re.fullmatch(pattern, name)
    ]


def _time(told: str) -> float | None:
    """Unix time of a time as Slurm writes it, by this machine's clock."""
    return None if told in {"N/A", "Unknown"} else datetime.fromisoformat(told).astimezone().timestamp()


def _numbers(gpus: str) -> tuple[int, ...]:
    return () if gpus == "-" else tuple(map(int, gpus.split(",")))
