"""A full cluster, an allocation that is cancelled behind our back, a node that dies, and a person who has seen enough."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from ..tools.calls import data
from .bed.control import Bed
from .bed.records import Job
from .bed.running import wait_until
from .bed.witness import Witness
from .labs import WAITS, LabOnBed, make_lab, total_of, until_finished

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(1500)]

SECONDS = 25
"""Of one training: long enough to be cut short."""


async def test_what_waits_or_is_lost_runs_in_the_end_and_one_command_leaves_nothing(bed: Bed, tmp_path: Path) -> None:
    lab = make_lab(tmp_path, bed, h100=8, h200=1)
    with Witness() as witness:
        async with lab.client() as client:
            others = bed.occupy("h100")
            await data(
                client,
                "launch_grid",
                hypothesis="Does it matter?",
                factors={"X": [1.01, 1.02]},
                gpu="H100",
                budget_seconds=SECONDS,
            )
            expected = await total_of(client)
            # In Slurm's own words.
            note = await until_pool(client, "h100", lambda pool: "pending: Resources" in (pool.get("note") or ""))
            assert note["running"] == 0
            assert note["queued"] == expected
            bed.cancel(others)
            wait_until(lambda: len(witness.spans()) == expected, "all of them to begin")
            # A replicate of the baseline has run alone before, to see whether the trainer works here, and has ended.
            cut_short = expected - 1

            bed.cancel(cluster_of(bed))
            wait_until(lambda: len(witness.spans()) == expected + cut_short, "the others to begin again")

            bed.set_down("h100")
            bed.set_up("h100")
            await until_finished(client)

            rows = (await data(client, "get_results", limit=100))["rows"]
            whole = [await data(client, "get_experiment", id=row["id"], include=["runs"]) for row in rows]
        spans = witness.spans()

    assert Counter(experiment["status"] for experiment in whole) == {"succeeded": expected}
    assert Counter(len(experiment["runs"]) for experiment in whole) == {3: cut_short, 1: 1}
    assert Counter(span.ended is not None for span in spans) == {False: 2 * cut_short, True: expected}
    states = [job.state for job in bed.ended_jobs() if job.name.startswith("lh-")]
    assert states[-2:] == ["CANCELLED", "NODE_FAIL"]

    printed = labhand(lab, "down")
    assert "Nothing of this lab is left running" in printed
    assert bed.jobs() == []


async def until_pool(client: Client, name: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Look at a pool until it is so."""
    pool: dict[str, Any] = {}
    for _ in range(WAITS):
        pools = (await data(client, "list_gpus"))["pools"]
        pool = next(pool for pool in pools if pool["pool"] == name)
        if holds(pool):
            return pool
        await data(client, "wait", timeout_seconds=3)
    raise AssertionError(f"never so: {pool}")


def cluster_of(bed: Bed) -> Job:
    """The lab's only cluster."""
    (job,) = (job for job in bed.jobs() if job.name.startswith("lh-"))
    return job


def labhand(lab: LabOnBed, *command: str) -> str:
    """What a command of the person's prints."""
    run = [sys.executable, "-m", "labhand.server.main", *command, "--root", str(lab.root)]
    return subprocess.run(run, env=lab.environment, capture_output=True, encoding="utf-8", check=True, timeout=600).stdout
