"""What an agent does, from the first look to combined winners, with real runs on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest
from mcp.types import TextResourceContents

from .calls import data, finished, prose, refusal
from .conftest import Connect

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]


@pytest.mark.slow
async def test_a_grid_runs_and_its_winners_are_combined(connect: Connect, root: Path) -> None:
    async with connect() as client:
        gpus = await data(client, "list_gpus")
        assert gpus["pools"][0]["total"] >= 1
        outline = await prose(client, "read_source")
        assert "X = 1.0" in outline
        grid = await data(client, "launch_grid", hypothesis="Nearer to the bottom", factors={"X": [1.0, 2.5], "Y": [0.0, -1.0]})
        assert grid["grid"] == "g001"
        assert grid["total"] == 4
        told = await finished(client, "g001", *grid["baseline"])
        assert "timed_out" not in told
        assert "failures" not in told
        results = await data(client, "get_results", ids=["g001"])
        assert results["total"] == 4
        best = results["rows"][0]
        scores = [row["score"] for row in results["rows"]]
        assert scores == sorted(scores)
        assert len(set(scores)) == 4
        assert (await data(client, "get_experiment", id=best["id"]))["changes"]

        x = await data(client, "launch_experiment", hypothesis="x alone", overrides={"X": 3.0})
        edit = {"file": "train.py", "find": "Y = 0.0 ", "replace": "Y = -0.5 "}
        y = await data(client, "launch_experiment", hypothesis="y alone", edits=[edit])
        both = await data(client, "launch_experiment", hypothesis="both", apply=[*x["experiments"], *y["experiments"]])
        await finished(client, *both["experiments"], *x["experiments"])
        merged = await prose(client, "read_source", id=both["experiments"][0])
        assert "X = 3.0" in merged
        assert "Y = -0.5" in merged
        log = await anyio.run_process(["git", "-C", str(root / ".labhand" / "source.git"), "log", "--format=%B"])
        assert all(hypothesis in log.stdout.decode() for hypothesis in ("both", "x alone", "y alone"))
        assert "step 8/8" in await prose(client, "get_logs", id=best["id"])
        leaderboard = (await client.read_resource("labhand://leaderboard")).contents[0]
        assert isinstance(leaderboard, TextResourceContents)
        assert both["experiments"][0] in leaderboard.text
        full = (await client.read_resource(f"labhand://experiment/{best['id']}")).contents[0]
        assert isinstance(full, TextResourceContents)
        assert json.loads(full.text)["id"] == best["id"]


async def test_the_same_idea_is_answered_with_the_earlier_experiment(connect: Connect) -> None:
    async with connect(caller="first") as client:
        first = await data(client, "launch_experiment", hypothesis="h", overrides={"X": 2.0}, replicates=2)
        assert first["seeds"] == 2
    async with connect(caller="second") as client:
        again = await data(client, "launch_experiment", hypothesis="another wording", overrides={"X": "2 * 1.0"}, replicates=2)
        assert again["duplicates"] == first["experiments"]
        refused = await data(client, "cancel", ids=first["experiments"], reason="not mine")
        assert refused["refused"]
        await data(client, "cancel", ids=["e0001-e0006"], reason="the test is over", force=True)


async def test_a_dry_run_prices_and_starts_nothing(connect: Connect) -> None:
    async with connect() as client:
        priced = await data(client, "launch_grid", hypothesis="h", factors={"X": [1.5, 2.0, 2.5]}, dry_run=True)
        assert priced["total"] == 3
        assert priced["estimate"]["gpu_seconds"] > 0
        assert (await data(client, "get_results"))["total"] == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"overrides": {"XX": 1}}, ["XX", "X"]),
        ({"overrides": {"X": "deep"}}, ["X", "deep"]),
        ({"edits": [{"file": "train.py", "find": "nowhere", "replace": ""}]}, ["train.py", "nowhere"]),
        ({"edits": [{"file": "train.py", "find": "step", "replace": ""}]}, ["train.py", "times"]),
        ({"files": {"trainer.toml": ""}}, ["trainer.toml", "train.py"]),
        ({"files": {"../outside.py": ""}}, ["../outside.py"]),
        ({"files": {"train.py": "def broken(:\n"}}, ["train.py", "line 1"]),
        ({"base": "e0999"}, ["e0999"]),
        ({"gpu": "H900"}, ["H900", "cpu"]),
        ({"budget_seconds": 1e9}, ["budget"]),
        ({"apply": ["e0999"]}, ["e0999"]),
    ],
)
async def test_bad_input_is_told_and_leaves_the_lab_as_it_was(
    connect: Connect, arguments: dict[str, object], told: list[str]
) -> None:
    async with connect() as client:
        error = await refusal(client, "launch_experiment", hypothesis="h", **arguments)
        for part in told:
            assert part in error
        assert (await data(client, "get_results"))["total"] == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"factors": {}}, ["empty", "factors"]),
        ({"factors": {"X": []}}, ["X"]),
        ({"factors": {"X": list(range(40)), "Y": list(range(40))}}, ["1,600", "1,000"]),
        ({"factors": {"Z": [1, 2]}}, ["Z"]),
    ],
)
async def test_a_grid_that_cannot_be_is_refused(connect: Connect, arguments: dict[str, object], told: list[str]) -> None:
    async with connect() as client:
        error = await refusal(client, "launch_grid", hypothesis="h", **arguments)
        for part in told:
            assert part in error, error
