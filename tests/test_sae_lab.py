"""The built-in trainer of sparse autoencoders, from `labhand init` to a validation through a real client, with real runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from .tools.calls import data

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(900)]

BUDGET_SECONDS = 2.5
WAITS = 80
LABHAND = (sys.executable, "-m", "labhand.server.main")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lab that the command line made, with prepared activations; its slots are no other test's."""
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    for command in (("init", str(tmp_path / "lab"), "--trainer", "sae"), ("prepare", "--root", str(tmp_path / "lab"))):
        subprocess.run([*LABHAND, *command], check=True, timeout=400)
    settings = tmp_path / "lab" / "labhand.toml"
    settings.write_text(f"budget_seconds = {BUDGET_SECONDS}\n{settings.read_text()}")
    return tmp_path / "lab"


async def test_a_grid_and_a_validation_of_sparse_autoencoders(root: Path) -> None:
    server = StdioServerParameters(command=LABHAND[0], args=[*LABHAND[1:], "serve", "--root", str(root)], env=dict(os.environ))
    async with Client(server) as client:
        factors = {"LEARNING_RATE": [0.003, 0.01], "K": [16, 48]}
        grid = await data(client, "launch_grid", hypothesis="Faster, and less sparse", factors=factors)
        assert grid["total"] == 4
        await _wait_until(client, lambda answer: "pending" not in answer)
        results = await data(client, "get_results", ids=[grid["grid"]], limit=50)
        scores = {row["changes"]: row["score"] for row in results["rows"]}
        assert len(scores) == 4, results
        assert "self_reported" not in results["common"]
        for path in (root / ".labhand" / "runs").glob("*/result.json"):
            result: dict[str, Any] = json.loads(path.read_text("utf-8"))
            assert result["measures"]["l0"] <= 16
            assert 0 <= result["metrics"]["dead_features"] <= 1
        best = results["rows"][0]
        assert "48" not in best["changes"], "more active features bought a better score"
        assert best["changes"] == "LEARNING_RATE 3e-3→0.01"

        test = (await data(client, "validate", ids=[best["id"]], replicates=6))["tests"][0]["validation"]
        verdict: dict[str, Any] = {}
        for _ in range(WAITS):
            (verdict,) = (await data(client, "get_results", ids=[test], detail="detailed"))["validations"]
            if verdict["verdict"] in {"confirmed", "not_shown"}:
                break
            await data(client, "wait", timeout_seconds=10)
        assert verdict["verdict"] == "confirmed", verdict
        specs = [json.loads(path.read_text("utf-8")) for path in (root / ".labhand" / "runs").glob("*/spec.json")]
        assert {spec["evaluate_twice"] for spec in specs} == {False, True}
        await data(client, "cancel", ids=[test], reason="the test has seen enough", force=True)


async def _wait_until(client: Client, is_over: Callable[[dict[str, Any]], bool]) -> None:
    answer: dict[str, Any] = {}
    cursor: dict[str, str] = {}
    for _ in range(WAITS):
        answer = await data(client, "wait", until="all", timeout_seconds=10, **cursor)
        assert "failures" not in answer, answer
        if is_over(answer):
            return
        cursor = {"after": answer["cursor"]}
    raise AssertionError(f"not finished: {answer}")
