"""A lab on the bed: two kinds of GPU, a trainer that a witness sees, and one MCP client over stdio."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.client.stdio import StdioServerParameters

from ..tools.calls import data
from .bed.control import Bed

SLEEPER = Path(__file__).parents[1] / "trainers" / "sleeper"
PRICES = {"H100": 2.50, "H200": 3.40}
"""Dollars an hour of one GPU, as the bed's SkyPilot has them."""
SETTINGS = """\
trainer = "./sleeper"
baseline_every = 0

[pools.h100]
backend = "skypilot"
infra = "slurm/lab"
gpu = "H100"
gpus_per_cluster = {h100}
idle_minutes = 1
python = "{python}"
storage = "{storage}"

[pools.h200]
backend = "skypilot"
infra = "slurm/lab"
gpu = "H200"
gpus_per_cluster = {h200}
idle_minutes = 1
python = "{python}"
storage = "{storage}"
"""
WAIT_SECONDS = 10
WAITS = 60
"""Of so many seconds: the most that anything is waited for."""


@dataclass(frozen=True)
class LabOnBed:
    """A lab.

    Attributes:
        storage: Where its results outlive clusters.
        environment: Of its server and dispatcher.
    """

    root: Path
    storage: Path
    environment: dict[str, str]

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[Client]:
        """Connect to a server of its own, over stdio."""
        serve = ["-m", "labhand.server.main", "serve", "--root", str(self.root)]
        async with Client(StdioServerParameters(command=sys.executable, args=serve, env=self.environment)) as connected:
            yield connected

    def kill_dispatcher(self) -> None:
        """`kill -9`."""
        os.kill(int((self.root / ".labhand" / "dispatcher.lock").read_text("utf-8")), signal.SIGKILL)


def make_lab(place: Path, bed: Bed, *, h100: int, h200: int, as_steps: bool = False, **secrets: str) -> LabOnBed:
    """A new lab whose clusters have so many GPUs; its trainings may be steps of Slurm's, and so on its record."""
    shutil.copytree(SLEEPER, place / "sleeper")
    script = place / "sleeper" / "train.py"
    script.write_text(script.read_text("utf-8").replace("AS_STEP = False", f"AS_STEP = {as_steps}"), "utf-8")
    storage = bed.shared / place.name
    settings = SETTINGS.format(h100=h100, h200=h200, python=bed.python, storage=storage)
    (place / "labhand.toml").write_text(settings, "utf-8")
    return LabOnBed(place, storage, bed.environment | secrets)


async def until_finished(client: Client, enough: int | None = None) -> dict[str, Any]:
    """Wait until so many experiments, whoever launched them, are finished; None for all. Gives the last answer."""
    finished = 0
    total = await total_of(client)
    cursor: dict[str, Any] = {"ids": [f"e0001-e{total:04d}"]}
    answer: dict[str, Any] = {}
    for _ in range(WAITS):
        answer = await data(client, "wait", until="all" if enough is None else "any", timeout_seconds=WAIT_SECONDS, **cursor)
        finished, cursor = finished + answer.get("finished_total", 0), cursor | {"after": answer["cursor"]}
        if "pending" not in answer or (enough is not None and finished >= enough):
            return answer
    raise AssertionError(f"not finished: {answer}")


async def total_of(client: Client) -> int:
    """Experiments in the lab, the baseline's replicates among them."""
    return int((await data(client, "get_results", limit=1))["total"])
