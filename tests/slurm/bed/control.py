"""What a test asks of the bed, and does to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .daemons import NODES, start_api_server, start_sshd
from .places import INSIDE, environment
from .records import Job, Step, ended_jobs, jobs, steps
from .running import run, wait_until

API_SERVER = b"sky.server.server"


@dataclass(frozen=True)
class Bed:
    """The bed that this process runs in.

    Attributes:
        shared: A folder that every node and this machine see, and that outlives clusters.
        python: The interpreter that trains on the nodes: the tests' own.
    """

    shared: Path
    python: Path

    @property
    def environment(self) -> dict[str, str]:
        """Of a process that uses SkyPilot: the home of the bed's person, nothing of the caller's."""
        return environment()

    def jobs(self) -> list[Job]:
        """Slurm's jobs that wait or run; SkyPilot's clusters are jobs of their names."""
        return jobs()

    def ended_jobs(self) -> list[Job]:
        """Slurm's record of jobs that ended, oldest first."""
        return ended_jobs()

    def steps(self) -> list[Step]:
        """Slurm's record of every task that a cluster's queue started on a node, oldest first; see `Step`."""
        return steps(r"sky-\d+")

    def trainings(self) -> list[Step]:
        """Slurm's record of every training that ran as a step, oldest first."""
        return steps(r"e\d{4,}-\d+")

    def occupy(self, node: str) -> Job:
        """Take all GPUs of a node, as somebody else would."""
        kind, gpus = node.upper(), NODES[node]
        told = run(
            "sbatch", "--parsable", "--chdir=/", "--output=/dev/null", f"--gres=gpu:{kind}:{gpus}", "--wrap=sleep infinity"
        )
        number = told.strip()
        wait_until(lambda: any(job.id == number and job.started for job in self.jobs()), "the node to be taken")
        return next(job for job in self.jobs() if job.id == number)

    def cancel(self, job: Job) -> None:
        """`scancel`, behind everybody's back."""
        run("scancel", job.id)

    def set_down(self, node: str) -> None:
        """As an administrator does, or Slurm by itself when a node doesn't answer: its jobs end."""
        run("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")

    def set_up(self, node: str) -> None:
        """Make a node that was set down take jobs again."""
        run("scontrol", "update", f"NodeName={node}", "State=RESUME")
        wait_until(lambda: _state(node) in {"idle", "mix", "alloc"}, f"{node} to be up")

    def kill_api_server(self) -> None:
        """`kill -9` SkyPilot's API server with its helpers: one that survives keeps a port, and no new server could start."""
        for pid in _processes(API_SERVER):
            os.killpg(pid, signal.SIGKILL)
        wait_until(lambda: not _processes(API_SERVER), "the API server to be gone")

    def start_api_server(self) -> None:
        """Start it as a person does, unless one runs; back when it answers."""
        start_api_server()

    @contextmanager
    def cut_connection(self) -> Generator[None]:
        """Let nobody reach the clusters: no new ssh session, and those that are open end."""
        for pid in _processes(b"sshd"):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not _processes(b"sshd"), "every ssh session to be gone")
        yield
        start_sshd()


def this_bed() -> Bed:
    """The one that this process runs in."""
    return Bed(INSIDE / "shared", Path((INSIDE / "python").read_text("utf-8")))


def _state(node: str) -> str:
    return run("sinfo", "--noheader", f"--nodes={node}", "--format=%t").strip()


def _processes(command: bytes) -> list[int]:
    """Of the bed, whose command line contains `command`."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if command in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
