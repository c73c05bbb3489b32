"""The main job on real input: an agent's grid of real training runs, through a real client, whatever is killed on the way."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from .ledger import whole_scores
from .tools.calls import data, prose

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(900)]

BUDGET_SECONDS = 1
WAITS = 80


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lab on the built-in trainer; its slots are no other test's."""
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    (tmp_path / "labhand.toml").write_text(f'trainer = "gpt"\nbudget_seconds = {BUDGET_SECONDS}\n')
    return tmp_path


async def test_a_grid_of_real_training_runs_ends_whole_though_the_dispatcher_is_killed_twice(root: Path) -> None:
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "labhand.server.main", "serve", "--root", str(root)], env=dict(os.environ)
    )
    async with Client(server) as client:
        factors = {"WIDTH": [32, 128], "BATCH_SIZE": ["2**2", "2**4"]}
        grid = await data(client, "launch_grid", hypothesis="Another width, and smaller steps", factors=factors)
        assert grid["total"] == 4
        assert grid["baseline"]
        for finished in (1, 3):
            await _until_finished(client, finished)
            _kill_the_dispatcher(root)
        await _until_finished(client, None)
        results = await data(client, "get_results", limit=50)
        rows = results["rows"]
        statuses = {row.get("status", results["common"].get("status")) for row in rows}
        assert statuses == {"succeeded"}
        cells = (await data(client, "get_results", ids=["g001"], limit=50))["rows"]
        assert len(cells) == 4
        baseline = [row for row in rows if row["changes"] == "unchanged"]
        assert len(baseline) >= 4
        assert results["common"]["noise"] > 0
        _each_ran_and_counted_once(root, len(rows))

        again = await data(client, "launch_grid", hypothesis="The same in other words", factors=factors)
        assert again["duplicates"] == grid["experiments"]
        winners = [
            (await data(client, "launch_experiment", hypothesis=why, overrides=change))["experiments"][0]
            for why, change in (("w", {"WIDTH": 32}), ("lr", {"MATRIX_LR": 0.04}))
        ]
        both = await data(client, "launch_experiment", hypothesis="both together", apply=winners)
        merged = await prose(client, "read_source", id=both["experiments"][0])
        assert "WIDTH = 32" in merged
        assert "MATRIX_LR = 0.04" in merged
        await data(client, "cancel", ids=[*winners, *both["experiments"]], reason="the test has seen enough")
    log = await anyio.run_process(["git", "-C", str(root / ".labhand" / "source.git"), "log", "--format=%B"])
    assert b"both together" in log.stdout


async def _until_finished(client: Client, enough: int | None) -> None:
    """Wait until so many more experiments are finished; None for all."""
    finished = 0
    cursor: dict[str, str] = {}
    told: dict[str, Any] = {}
    for _ in range(WAITS):
        told = await data(client, "wait", until="all" if enough is None else "any", timeout_seconds=10, **cursor)
        assert "failures" not in told, told
        finished, cursor = finished + told.get("finished_total", 0), {"after": told["cursor"]}
        if "pending" not in told or (enough is not None and finished >= enough):
            return
    raise AssertionError(f"not finished: {told}")


def _kill_the_dispatcher(root: Path) -> None:
    os.kill(int((root / ".labhand" / "dispatcher.lock").read_text()), signal.SIGKILL)


def _each_ran_and_counted_once(root: Path, experiments: int) -> None:
    """By what lies on disk, not by the lab's own word."""
    results = [json.loads(path.read_text()) for path in (root / ".labhand" / "runs").glob("*/result.json")]
    succeeded = Counter(result["run"].rpartition("-")[0] for result in results if result["status"] == "succeeded")
    assert len(succeeded) == experiments
    assert set(succeeded.values()) == {1}
    scores = whole_scores(root)
    assert scores == {result["run"].rpartition("-")[0]: result["score"] for result in results}
    assert len(set(scores.values())) == experiments
