"""What runs in a bed from its beginning; each finds its files where `inside` has laid them."""

from __future__ import annotations

import os
import subprocess
from http import HTTPStatus
from pathlib import Path
from urllib.request import urlopen

from .places import INSIDE, environment
from .running import run, wait_until

NODES = {"h100": 13, "h200": 3}
"""GPUs of each."""
GPUS = Path("/run/gpus")
NULL_DEVICE = os.makedev(1, 3)


def start_slurm() -> None:
    """Start Slurm with its nodes; back when they wait for jobs."""
    run("munged", "--force", f"--key-file={INSIDE}/keys/munge", f"--log-file={INSIDE}/log/munged.log")
    run("slurmctld")
    for node, gpus in NODES.items():
        (INSIDE / "spool" / node).mkdir(parents=True)
        (GPUS / node).mkdir(parents=True)
        for number in range(gpus):
            os.mknod(GPUS / node / f"nvidia{number}", 0o20666, NULL_DEVICE)
        run("slurmd", "-N", node)
    wait_until(lambda: run("sinfo", "--noheader", "--Node", "--format=%t").split() == ["idle"] * len(NODES), "idle nodes")


def start_sshd() -> None:
    """Let SkyPilot reach the nodes."""
    run("/usr/sbin/sshd", "-f", INSIDE / "etc/sshd_config", "-E", INSIDE / "log/sshd.log")


def start_api_server() -> None:
    """Start SkyPilot's API server as a person does, unless one runs; back when it answers."""
    # The command itself gives up after a minute, which can be too soon on a busy machine; what it has started goes on.
    subprocess.run(["sky", "api", "start"], env=environment(), check=False, stdin=subprocess.DEVNULL)
    wait_until(_api_server_answers, "the API server to answer")


def _api_server_answers() -> bool:
    try:
        with urlopen("http://127.0.0.1:46580/api/health", timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False
