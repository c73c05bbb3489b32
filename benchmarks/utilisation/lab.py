"""The campaign as labhand runs it: a grid on each kind of GPU, through an MCP client, and nothing more to do."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, cast

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from .campaign import GPUS, shares

SETTINGS = """\
trainer = "./sleeper"
budget_seconds = {seconds:g}
baseline_every = 0
"""
POOL = """\
[pools.{name}]
backend = "skypilot"
infra = "slurm/lab"
gpu = "{gpu}"
gpus_per_cluster = {count}
idle_minutes = 1
python = "{python}"
storage = "/run/bed/shared/labhand"
"""
LABHAND = [sys.executable, "-m", "labhand.server.main"]


def run(root: Path, experiments: int, seconds: float, python: Path) -> None:
    """Run a campaign of the trainer below `root` to its end in a new lab there, and give up its clusters."""
    anyio.run(_run, root, experiments, seconds, python)


async def _run(root: Path, experiments: int, seconds: float, python: Path) -> None:
    pools = (POOL.format(name=gpu.lower(), gpu=gpu, count=count, python=python) for gpu, count in GPUS.items())
    (root / "labhand.toml").write_text(SETTINGS.format(seconds=seconds) + "\n".join(pools), "utf-8")
    server = StdioServerParameters(command=LABHAND[0], args=[*LABHAND[1:], "serve", "--root", str(root)], env=dict(os.environ))
    async with Client(server) as client:
        for gpu, share in shares(experiments).items():
            grid = {"hypothesis": "How much of the time is used?", "gpu": gpu}
            await _call(client, "launch_grid", **grid, factors={"X": [2.0]})
            more = share - (await _call(client, "get_results", gpu=gpu, limit=1))["total"]  # the lab has added its baseline
            await _call(client, "launch_grid", **grid, factors={"X": [round(2.01 + step / 100, 2) for step in range(more)]})
        waited: dict[str, Any] = await _call(client, "wait", timeout_seconds=50)
        while "pending" in waited:
            waited = await _call(client, "wait", timeout_seconds=50, after=waited["cursor"])
    await anyio.run_process([*LABHAND, "down", "--root", str(root)])


async def _call(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    return cast("dict[str, Any]", answer.structured_content)
