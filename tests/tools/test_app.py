"""What a client is told of the tools, and what it may not do."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.tools.app import TOOLS
from mcp import Client

from .calls import data, refusal
from .conftest import Connect

pytestmark = pytest.mark.anyio

READ_ONLY = {
    *("get_briefing", "list_gpus", "read_source", "wait", "get_results", "get_experiment", "get_logs", "analyze", "plot"),
    *("search_papers", "read_paper"),
}
CHANGING = {"launch_experiment", "launch_grid", "cancel", "validate", "scale_pool", "checkout", "note"}
ALWAYS_LOADED = {
    "get_briefing",
    "read_source",
    "launch_experiment",
    "launch_grid",
    "wait",
    "get_results",
    "get_experiment",
    "validate",
}


async def test_the_tools_are_those_of_the_design_and_twenty_at_the_most(connect: Connect, mode: str) -> None:
    async with connect(mode=mode) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
    assert names == READ_ONLY | CHANGING
    assert len(names) <= 20


async def test_every_hint_is_given_on_purpose(connect: Connect) -> None:
    async with connect() as client:
        for tool in (await client.list_tools()).tools:
            hints = tool.annotations
            assert hints is not None
            assert tool.title
            assert hints.read_only_hint is (tool.name in READ_ONLY)
            assert hints.destructive_hint is (tool.name in {"cancel", "scale_pool", "checkout"})
            assert hints.idempotent_hint is (tool.name in READ_ONLY | {"cancel", "scale_pool", "checkout"})
            assert hints.open_world_hint is (tool.name in {"search_papers", "read_paper"})
            assert ((tool.meta or {}).get("anthropic/alwaysLoad") is True) is (tool.name in ALWAYS_LOADED)


async def test_descriptions_and_instructions_fit_what_clients_show(connect: Connect) -> None:
    async with connect() as client:
        assert client.instructions is not None
        assert len(client.instructions) < 2000
        for tool in (await client.list_tools()).tools:
            assert tool.description
            assert len(tool.description) < 2000, tool.name


async def test_an_unknown_argument_is_refused_with_the_nearest_one(connect: Connect, mode: str) -> None:
    async with connect(mode=mode) as client:
        told = await refusal(client, "get_results", limti=2)
    assert "'limti'" in told
    assert "limit" in told


async def test_an_unknown_tool_is_refused_with_the_nearest_one(connect: Connect, mode: str) -> None:
    async with connect(mode=mode) as client:
        said = await refusal(client, "get_brief")
    assert said.startswith("There is no tool 'get_brief' on this server. Did you mean get_briefing")


async def test_a_value_out_of_range_is_refused_with_its_name(connect: Connect) -> None:
    async with connect() as client:
        assert "limit" in await refusal(client, "get_results", limit=0)
        assert "replicates" in await refusal(client, "launch_experiment", hypothesis="h", replicates=0)


async def test_a_server_that_only_reads_offers_nothing_that_changes(connect: Connect) -> None:
    async with connect(read_only=True) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == READ_ONLY
        assert "launch_experiment" in await refusal(client, "launch_experiment", hypothesis="h")


async def test_settings_that_cannot_be_read_are_told_and_read_again_when_mended(connect: Connect, root: Path) -> None:
    settings = root / "labhand.toml"
    good = settings.read_text()
    settings.write_text(good + "gaol = 1\n")
    async with connect() as client:
        told = await refusal(client, "get_briefing")
        assert "gaol" in told
        assert "line 3" in told
        settings.write_text(good)
        assert (await data(client, "get_briefing"))["goal"] == "Find the bottom"


async def test_the_prompt_carries_the_goal(connect: Connect, mode: str) -> None:
    async with connect(mode=mode) as client:
        prompt = await client.get_prompt("start_research", {"goal": "Halve the loss"})
    told = prompt.messages[0].content
    assert "Halve the loss" in getattr(told, "text", "")


async def test_the_prompt_for_validating_names_the_candidates(connect: Connect) -> None:
    async with connect() as client:
        prompt = await client.get_prompt("validate", {"candidates": "e0042 and e0043"})
    assert "e0042 and e0043" in getattr(prompt.messages[0].content, "text", "")


async def test_resources_are_the_leaderboard_the_table_and_each_experiment(connect: Connect) -> None:
    async with connect() as client:
        assert {str(found.uri) for found in (await client.list_resources()).resources} == {
            "labhand://leaderboard",
            "labhand://results.tsv",
        }
        templates = (await client.list_resource_templates()).resource_templates
        assert [found.uri_template for found in templates] == [
            "labhand://results.tsv/{after}",
            "labhand://experiment/{id}",
        ]


def test_tool_names_are_verbs_with_nouns_or_single_verbs() -> None:
    assert len({tool.name for tool in TOOLS}) == len(TOOLS)


async def test_the_caller_is_the_client_unless_told_otherwise(root: Path) -> None:
    from labhand.tools.app import build
    from labhand.tools.lab_context import LabHandle
    from mcp.types import Implementation

    async with Client(build(LabHandle(root)), client_info=Implementation(name="some-client", version="1")) as client:
        launched = await data(client, "launch_experiment", hypothesis="h", overrides={"X": 2.0})
        row = await data(client, "get_experiment", id=launched["experiments"][0])
        assert row["by"] == "some-client"
        await data(client, "cancel", ids=["e0001-e0005"], reason="the test is over")
