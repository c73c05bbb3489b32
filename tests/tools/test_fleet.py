"""Hiring machines through a client."""

from __future__ import annotations

import fcntl
from collections.abc import Generator
from pathlib import Path

import pytest
from labhand.server.settings import FOLDER, LOCK

from .calls import data, refusal
from .conftest import Connect

pytestmark = pytest.mark.anyio
POOLS = """
[allowance]
usd = 50

[pools.local]
backend = "local"

[pools.h100]
backend = "skypilot"
infra = "slurm/lab"
gpu = "H100"
gpus_per_cluster = 8
max_clusters = 2
usd_per_hour = 2.5
"""


@pytest.fixture
def hired(root: Path) -> Generator[Path]:
    """The lab with a pool on Slurm, and a dispatcher that is alive and does nothing."""
    (root / "labhand.toml").write_text(f"{(root / 'labhand.toml').read_text()}{POOLS}")
    (root / FOLDER).mkdir()
    with (root / FOLDER / LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield root


@pytest.mark.usefixtures("hired")
async def test_a_pool_is_scaled_by_a_client_and_its_limits_are_told(connect: Connect, mode: str) -> None:
    async with connect(mode=mode) as client:
        priced = await data(client, "scale_pool", pool="h100", clusters=2, dry_run=True)
        assert (priced["usd_per_hour_of_all"], priced["lasts_hours"], priced["dry_run"]) == (40, 1.25, True)
        assert "Give 2 at most" in await refusal(client, "scale_pool", pool="h100", clusters=3)
        assert "launches no clusters" in await refusal(client, "scale_pool", pool="local", clusters=1)
        assert "clusters" in await refusal(client, "scale_pool", pool="h100", clusters=-1)
        told = await data(client, "scale_pool", pool="h100", clusters=1)
        assert (told["clusters"], told["clusters_up"]) == (1, 0)
        [_, pool] = (await data(client, "list_gpus"))["pools"]
        assert (pool["clusters_wished"], pool["clusters_most"], pool["volatile"]) == (1, 2, True)
        assert "clusters" not in await data(client, "scale_pool", pool="h100", clusters=None)


@pytest.mark.usefixtures("hired")
async def test_a_launch_through_a_client_names_several_kinds_or_any(connect: Connect) -> None:
    async with connect() as client:
        kinds = [pool["gpu"] for pool in (await data(client, "list_gpus"))["pools"]]
        grid = await data(client, "launch_grid", hypothesis="h", factors={"X": [7.0, 8.0]}, gpu=kinds, dry_run=True)
        assert [block["gpu"] for block in grid["blocks"]] == kinds
        one = await data(client, "launch_experiment", hypothesis="h", gpu="any", dry_run=True)
        assert "finishes first" in one["why_gpu"]
        assert "There is no GPU 'B200'" in await refusal(client, "launch_experiment", hypothesis="h", gpu="B200")
