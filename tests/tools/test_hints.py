"""Hints: every call that an answer or an error suggests is made here, is accepted, and brings something."""

from __future__ import annotations

import ast
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import labhand.server
import pytest
from labhand.server.domain import Experiment
from labhand.server.schemas.launch import Launch
from labhand.server.schemas.monitor import WaitQuery
from labhand.tools.app import TOOLS, build
from labhand.tools.lab_context import LabHandle
from labhand.tools.registry import LabTool
from mcp import Client

from ..server.dispatcher.scripted import ME, Script, by_x, script
from ..server.lab import builders, hiring, writing
from .calls import data, refusal, text
from .hints import calls_in, follow

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def served(lab: Script) -> AsyncGenerator[Client]:
    """A client of a server on a scripted lab. No dispatcher runs: the script plays it."""
    with builders.dispatcher(lab.lab):
        async with Client(build(LabHandle(lab.lab.root, ME)), raise_exceptions=True) as client:
            yield client


async def promising(lab: Script, *scored: Mapping[str, Any]) -> list[str]:
    """Launch ideas, let them end, and have them judged promising; gives their ids."""
    names = [(await writing.launch(lab.lab, **idea)).experiments[0] for idea in scored]
    await lab.play()
    async with lab.lab.db.transaction() as tx:
        for name in names:
            await tx.execute("UPDATE experiments SET verdict = 'promising' WHERE number = ?", (int(name[1:]),))
    return names


async def briefing_step(client: Client) -> str:
    """The call that the briefing suggests. It is made, and has to be accepted."""
    step = (await data(client, "get_briefing"))["next"]
    [result] = await follow(client, step)
    assert not result.is_error, f"{step} was refused: {text(result)}"
    return str(step)


def test_a_call_is_rendered_as_json_and_read_back() -> None:
    request = Launch(hypothesis='a "quoted", f(x) one', apply=["e0001", "e0002"], overrides={"X": None}, dry_run=True)

    assert calls_in(f"or {request.as_call()}: why") == [("launch_experiment", request.model_dump(exclude_unset=True))]
    assert WaitQuery().as_call() == "wait()"


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_request_knows_the_name_of_its_tool(tool: LabTool) -> None:
    assert tool.request.tool == (tool.name if tool.request.model_fields else "")


def test_no_text_of_the_server_writes_a_call_by_hand() -> None:
    """A call in a message is made by `Request.as_call`, so that its arguments are valid by construction."""
    written: list[str] = []
    for path in Path(labhand.server.__path__[0]).rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                written += [f"{path.name}:{node.lineno}" for call in _HAND_WRITTEN if call in node.value]
    assert written == []


_HAND_WRITTEN = [f"{tool.name}({start}" for tool in TOOLS for start in [*tool.arguments, ")"]]


async def test_a_new_lab_suggests_the_baseline_then_waiting_then_reading_the_source(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab, served(lab) as client:
        assert (await briefing_step(client)).startswith('launch_experiment(base="baseline"')
        pending = (await data(client, "get_briefing"))["next"]
        assert calls_in(pending) == [("wait", {"ids": ["e0001-e0004"]})]
        await lab.play()
        assert (await briefing_step(client)).startswith("read_source()")


async def test_winners_that_conflict_are_not_suggested_together(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab, served(lab) as client:
        first, second = await promising(lab, {"overrides": {"X": 2.6}}, {"overrides": {"X": 2.5}})
        assert sorted((await data(client, "get_briefing"))["not_yet_combined"]) == [first, second]
        assert "conflicts" in await refusal(client, "launch_experiment", hypothesis="h", apply=[first, second])
        step = await briefing_step(client)
        assert calls_in(step) == [("validate", {"ids": [first]})]


async def test_winners_that_merge_are_suggested_once(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab, served(lab) as client:
        ideas = [{"overrides": {"X": 2.6}}, {"overrides": {"Y": -1.0}}, {"overrides": {"X": 2.5}}]
        first, second, _ = await promising(lab, *ideas)
        [(tool, arguments)] = calls_in(await briefing_step(client))
        assert (tool, sorted(arguments["apply"])) == ("launch_experiment", [first, second])
        await lab.play()
        again = (await data(client, "get_briefing"))["next"]
        assert calls_in(again)[0][1].get("apply") != arguments["apply"]


async def test_what_the_allowance_does_not_cover_is_not_suggested(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, toml="allowance.experiments = 5") as lab, served(lab) as client:
        await promising(lab, {"overrides": {"X": 2.6}})
        step = await briefing_step(client)
        assert calls_in(step)[0][0] == "get_results"
        assert "Nothing more can be launched" in step


async def test_wait_for_many_shows_the_best_and_suggests_the_next_step_instead_of_reading_all_rows(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab, served(lab) as client:
        grid = await writing.launch_grid(lab.lab, factors={"X": [1 + step / 100 for step in range(200)]})
        await lab.play()
        result = await client.call_tool("wait", {"ids": [grid.grid], "timeout_seconds": 0})
        answer: dict[str, Any] = result.structured_content or {}
        assert (answer["finished_total"], len(answer["finished"]), sum(answer["verdicts"].values())) == (200, 6, 200)
        assert len(text(result)) < 4_000
        [(tool, arguments)] = calls_in(answer["next"])
        assert (tool, len(arguments["ids"])) == ("validate", 1)
        [followed] = await follow(client, answer["next"])
        assert not followed.is_error, text(followed)


async def test_wait_with_an_empty_list_is_wait_without_ids(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab, served(lab) as client:
        await writing.launch_grid(lab.lab, factors={"X": [1.5, 2.0]})
        answer = await data(client, "wait", ids=[], timeout_seconds=0)
        assert answer["pending"]["counts"] == {"queued": 2}
        [repeated] = await follow(client, answer["next"])
        assert not repeated.is_error


async def test_an_empty_list_of_ids_stands_for_all_where_ids_are_optional(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab, served(lab) as client:
        await writing.launch(lab.lab, overrides={"X": 2.0})
        await lab.play()
        assert (await data(client, "get_results", ids=[]))["total"] == 5
        assert (await data(client, "analyze", ids=[]))["experiments"] == 5


async def test_who_has_nothing_pending_is_pointed_to_what_others_run(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab, served(lab) as client:
        await writing.launch_grid(lab.lab, factors={"X": [1.5, 2.0]}, caller="you")
        answer = await data(client, "wait", timeout_seconds=0)
        assert "pending" not in answer
        assert calls_in(answer["next"]) == [("wait", {"ids": ["e0001-e0006"]})]


async def test_held_experiments_point_to_the_failure_that_holds_them(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab, served(lab) as client:
        grid = await builders.grid(lab.lab)
        await builders.failure(lab.lab, grid=grid)
        await builders.experiment(lab.lab, grid=grid)
        await builders.storm(lab.lab, grid)
        for step in (await data(client, "wait", timeout_seconds=1))["next"], (await data(client, "get_briefing"))["next"]:
            assert calls_in(step) == [("get_experiment", {"id": "e0001", "include": ["failure"]})]
            [result] = await follow(client, step)
            assert "KeyError" in text(result)


async def test_a_silent_run_suggests_calls_that_are_accepted(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab, served(lab) as client:
        number = await builders.experiment(lab.lab, status="running")
        await builders.run(lab.lab, number, silent=5000, log="step 1")
        line = (await data(client, "wait", timeout_seconds=1))["attention"][0]
        assert [tool for tool, _ in calls_in(line)] == ["get_logs", "cancel"]
        assert [result.is_error for result in await follow(client, line)] == [False, False]


async def test_a_missing_log_of_an_ended_run_suggests_the_failure_and_not_waiting(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab, served(lab) as client:
        number = await builders.failure(lab.lab)
        await builders.run(lab.lab, number, status="finished")
        error = await refusal(client, "get_logs", id="e0001-1")
        assert calls_in(error) == [("get_experiment", {"id": "e0001", "include": ["failure"]})]
        [result] = await follow(client, error)
        assert not result.is_error


async def test_a_duplicate_that_failed_suggests_the_call_that_runs_it_again(tmp_path: Path) -> None:
    def fails(experiment: Experiment, knobs: Mapping[str, object]) -> float | None:
        return None if knobs["X"] == 2.0 else by_x(experiment, knobs)

    async with script(tmp_path, fails) as lab, served(lab) as client:
        await writing.launch(lab.lab, overrides={"X": 2.0})
        await lab.play()
        again = await data(client, "launch_experiment", hypothesis="again", overrides={"X": 2.0})
        assert again["duplicates"] == again["experiments"]
        [retried] = await follow(client, again["next"])
        assert retried.structured_content is not None
        assert not retried.is_error, text(retried)
        assert "duplicates" not in retried.structured_content


async def test_an_ablation_suggests_only_what_never_ran(tmp_path: Path) -> None:
    def fails_without_y(experiment: Experiment, knobs: Mapping[str, object]) -> float | None:
        return None if (knobs["X"], knobs["Y"], knobs["NAME"]) == (2.0, 0.0, "b") else by_x(experiment, knobs)

    async with script(tmp_path, fails_without_y) as lab, served(lab) as client:
        change = {"X": 2.0, "Y": -1.0, "NAME": "b"}
        [subject] = (await writing.launch(lab.lab, overrides=change)).experiments
        await lab.play()
        first = await data(client, "analyze", what="ablation", ids=[subject])
        [line] = [line for line in first["tells"] if "have no score" in line]
        assert line.startswith("3 of 3")
        [launched] = await follow(client, line)
        assert not launched.is_error, text(launched)
        queued = await data(client, "analyze", what="ablation", ids=[subject])
        [line] = [line for line in queued["tells"] if "have no score" in line]
        assert {tool for tool, _ in calls_in(line)} == {"wait"}
        await lab.play()
        ended = await data(client, "analyze", what="ablation", ids=[subject])
        [line] = [line for line in ended["tells"] if "have no score" in line]
        assert line.startswith("1 of 3")
        assert [tool for tool, _ in calls_in(line)] == ["get_experiment"], "what failed isn't suggested again"
        assert [result.is_error for result in await follow(client, line)] == [False]


async def test_horizons_find_sources_at_two_budgets_that_are_not_next_to_each_other(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        strata = {budget: await builders.stratum(lab, budget_seconds=budget) for budget in (5.0, 10.0, 20.0)}
        for score in (1.9, 1.8, 1.7, 1.6):
            commit = await builders.source(lab, {f"{score}.txt": "x"})
            for budget in (5.0, 20.0):
                await builders.experiment(lab, score=score, commit=commit, stratum=strata[budget], budget_seconds=budget)
        other = await builders.source(lab, {"other.txt": "x"})
        await builders.experiment(lab, score=1.5, commit=other, stratum=strata[10.0], budget_seconds=10.0)
        with builders.dispatcher(lab):
            async with Client(build(LabHandle(lab.root, ME)), raise_exceptions=True) as client:
                result = await client.call_tool("plot", {"what": "horizons"})
                assert not result.is_error, text(result)
                assert "5 s and 20 s: 4 ran at both" in text(result)


async def test_plots_of_too_little_suggest_launches_that_are_accepted(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab, served(lab) as client:
        await writing.launch(lab.lab, base="baseline")
        pending = await refusal(client, "plot", what="progress")
        assert calls_in(pending) == [("wait", {"ids": ["e0001-e0004"]})]
        await lab.play()
        for what in ("horizons", "parallel", "effects"):
            error = await refusal(client, "plot", what=what)
            [result] = await follow(client, error)
            assert not result.is_error, f"{error}: {text(result)}"


async def test_a_validation_suggests_waiting_for_it_also_where_a_second_one_is_refused(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab, served(lab) as client:
        [name] = await promising(lab, {"overrides": {"X": 2.6}})
        launched = await data(client, "validate", ids=[name], replicates=2)
        assert calls_in(launched["next"]) == [("wait", {"ids": ["v001"]})]
        again = await refusal(client, "validate", ids=[name])
        assert calls_in(again) == calls_in(launched["next"])
        await lab.play()
        [result] = await follow(client, again)
        assert result.structured_content is not None
        assert [row["id"] for row in result.structured_content["validations"]] == ["v001"]


async def test_a_checkout_that_would_lose_changes_suggests_the_launch_that_saves_them(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab, served(lab) as client:
        await writing.launch(lab.lab, overrides={"X": 2.0})
        file = lab.lab.trainer.folder / "train.py"
        file.write_text(file.read_text("utf-8").replace("X = 1.0", "X = 1.25"), "utf-8")
        error = await refusal(client, "checkout", id="e0001")
        [saved] = await follow(client, error)
        assert not saved.is_error, text(saved)
        assert (await data(client, "checkout", id="e0001"))["written"] == ["train.py"]


async def test_scaling_suggests_the_call_that_takes_it_back(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        with builders.dispatcher(lab):
            async with Client(build(LabHandle(lab.root, ME)), raise_exceptions=True) as client:
                for clusters in (1, 0):
                    scaled = await data(client, "scale_pool", pool="h100", clusters=clusters)
                    assert calls_in(scaled["next"]) == [("scale_pool", {"pool": "h100", "clusters": None})]
                    [result] = await follow(client, scaled["next"])
                    assert result.structured_content is not None
                    assert "clusters" not in result.structured_content


async def test_a_read_only_server_suggests_no_tool_that_it_lacks(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        with builders.dispatcher(lab.lab):
            async with Client(build(LabHandle(lab.lab.root, ME), read_only=True), raise_exceptions=True) as client:
                offered = {tool.name for tool in (await client.list_tools()).tools}
                step = (await data(client, "get_briefing")).get("next", "")
                assert {tool for tool, _ in calls_in(step)} <= offered
