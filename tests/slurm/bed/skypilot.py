"""SkyPilot as a person's own script uses it: its SDK, a task, a cluster. Nothing of labhand's."""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from importlib import import_module
from typing import Any

with warnings.catch_warnings(action="ignore"):  # its own, and those of what it stands on
    sky: Any = import_module("sky")  # typed in part

INFRA = "slurm/lab"
CPUS = 4
"""For each GPU; a job that doesn't say takes all of its cluster's."""


def launch(cluster: str, gpu: str, count: int) -> None:
    """Bring a cluster of one node up."""
    task = sky.Task(name="boot", resources=sky.Resources(infra=INFRA, accelerators=f"{gpu}:{count}"))
    sky.get(sky.launch(task, cluster_name=cluster))


def start(cluster: str, gpu: str, command: str) -> int:
    """Queue a job that takes one GPU; its number in the cluster's queue."""
    task = sky.Task(run=command, resources=sky.Resources(accelerators=f"{gpu}:1", cpus=CPUS))
    job, _ = sky.get(sky.exec(task, cluster_name=cluster))
    return int(job)


def states(cluster: str) -> dict[int, str]:
    """What SkyPilot says (`RUNNING`, `SUCCEEDED`, …) of every job of a cluster's queue, by number."""
    return {job.job_id: job.status.value for job in sky.get(sky.queue(cluster, all_users=True))}


def queues() -> dict[str, dict[int, str]]:
    """The states of all jobs of each cluster that is up; one that goes while it is asked has nothing more to tell."""
    told = dict[str, dict[int, str]]()
    errors = sky.exceptions
    for cluster in [name for name, status in clusters().items() if status == "UP"]:
        with suppress(errors.CommandError, errors.ClusterNotUpError, errors.ClusterDoesNotExist):
            told[cluster] = states(cluster)
    return told


def log(cluster: str, job: int) -> str:
    """What a job prints, to its end."""
    told = io.StringIO()
    sky.tail_logs(cluster, job, follow=True, output_stream=told)
    return told.getvalue()


def cancel(cluster: str, job: int) -> None:
    """End a job."""
    sky.get(sky.cancel(cluster, job_ids=[job]))


def clusters() -> dict[str, str]:
    """The status (`UP`, `INIT`, …) of every cluster that SkyPilot knows, by name."""
    return {cluster.name: cluster.status.value for cluster in sky.get(sky.status(all_users=True))}


def down(cluster: str) -> None:
    """Tear a cluster down."""
    sky.get(sky.down(cluster))
