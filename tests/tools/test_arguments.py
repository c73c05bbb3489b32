"""Arguments as models and clients send them: read by what the request wants, and refused in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from labhand.server.schemas.analysis import AnalysisQuery
from labhand.server.schemas.fleet import ScaleRequest
from labhand.server.schemas.inspect import ExperimentQuery, SourceQuery
from labhand.server.schemas.launch import Edit, GridLaunch, Launch
from labhand.server.schemas.manage import CancelRequest, NoteRequest
from labhand.server.schemas.messages import Request
from labhand.server.schemas.monitor import WaitQuery
from labhand.server.schemas.results import ResultsQuery
from labhand.server.schemas.validation import ValidationRequest
from labhand.tools.app import TOOLS
from labhand.tools.arguments.argument_schema import input_schema
from labhand.tools.arguments.reading import read_arguments
from labhand.tools.registry import LabTool

from .calls import data, prose, refusal, text
from .conftest import Connect
from .hints import follow

MAX_LIST_CHARACTERS = 25_000
"""The limit is 6,000 tokens, which every model reads at the start. A token is 4.2 characters of the list (o200k_base)."""

ODD: list[object] = [
    "",
    "null",
    "[]",
    "{}",
    '{"a": [1]}',
    -1,
    1.5,
    1e400,
    True,
    None,
    [],
    {},
    [[]],
    [{}],
    {"a": {}},
    [None],
    "x" * 3000,
]
SCHEMA_WORDS = {"$ref", "$defs", "title", "exclusiveMinimum", "oneOf", "allOf", "const"}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (("wait", {"ids": "g001"}), WaitQuery(ids=["g001"])),
        (("wait", {"ids": '["g001", "e0001"]', "until": "ANY"}), WaitQuery(ids=["g001", "e0001"], until="any")),
        (("wait", {"ids": "[]"}), WaitQuery(ids=[])),
        (("wait", {"ids": 7, "timeout_seconds": "10"}), WaitQuery(ids=["7"], timeout_seconds=10)),
        (("wait", {"ids": "null", "until": None, "timeout_seconds": "null"}), WaitQuery()),
        (("get_results", {"limit": None, "order": "", "sort_by": "Gain"}), ResultsQuery(sort_by="gain")),
        (("analyze", {"what": "Effects", "gpu": ""}), AnalysisQuery(what="effects")),
        (("get_experiment", {"id": ["E7"]}), ExperimentQuery(id="E7")),
        (("get_experiment", {"id": 7, "include": "Curve"}), ExperimentQuery(id="7", include=["curve"])),
        (
            ("note", {"text": "null", "theme": "[]", "experiments": "e0001"}),
            NoteRequest(text="null", theme="[]", experiments=["e0001"]),
        ),
        (("note", {"text": "{}", "theme": "null"}), NoteRequest(text="{}", theme="null")),
        (("cancel", {"ids": "e0001", "reason": "[1]"}), CancelRequest(ids=["e0001"], reason="[1]")),
        (("validate", {"ids": "e0001", "horizons": "1,2"}), ValidationRequest(ids=["e0001"], horizons=[1, 2])),
        (("validate", {"ids": ["e0001"], "horizons": 4}), ValidationRequest(ids=["e0001"], horizons=[4])),
        (("scale_pool", {"pool": "p", "clusters": "null"}), ScaleRequest(pool="p")),
        (("read_source", {"search": "[]", "symbol": ""}), SourceQuery(search="[]")),
        (("launch_experiment", {"hypothesis": "h", "gpu": "H100"}), Launch(hypothesis="h", gpu="H100")),
        (("launch_experiment", {"hypothesis": "h", "gpu": '["H100"]'}), Launch(hypothesis="h", gpu=["H100"])),
        (
            ("launch_experiment", {"hypothesis": "h", "apply": "e0001", "priority": "HIGH"}),
            Launch(hypothesis="h", apply=["e0001"], priority="high"),
        ),
        (
            ("launch_experiment", {"hypothesis": "h", "files": {"a.json": "{}", "b.txt": "null"}, "patch": "[]"}),
            Launch(hypothesis="h", files={"a.json": "{}", "b.txt": "null"}, patch="[]"),
        ),
        (
            ("launch_experiment", {"hypothesis": "h", "edits": '{"find": "[]", "replace": "{}"}', "overrides": '{"X": "[1]"}'}),
            Launch(hypothesis="h", edits=[Edit(find="[]", replace="{}")], overrides={"X": "[1]"}),
        ),
        (
            ("launch_experiment", {"hypothesis": "h", "edits": [{"find": "a", "replace": ""}]}),
            Launch(hypothesis="h", edits=[Edit(find="a", replace="")]),
        ),
        (
            ("launch_grid", {"hypothesis": "h", "factors": {"X": "[1, 2]", "Y": 3, "Z": "a"}, "size": "none"}),
            GridLaunch(hypothesis="h", factors={"X": [1, 2], "Y": [3], "Z": ["a"]}),
        ),
        (("launch_grid", {"hypothesis": "h", "cells": '[{"X": 1}]'}), GridLaunch(hypothesis="h", cells=[{"X": 1}])),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, tuple) else "",
)
def test_arguments_are_read_by_what_the_request_wants(sent: tuple[str, dict[str, Any]], read: Request) -> None:
    tool, arguments = sent

    assert type(read).tool == tool
    assert read_arguments(type(read), arguments) == read


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_leaf_of_a_schema_has_a_type_and_nothing_is_nullable_or_refers(tool: LabTool) -> None:
    schema = input_schema(tool.request)
    assert schema["type"] == "object"
    assert [leaf for leaf in _schemas(schema) if not _is_plain(leaf)] == []


def _is_plain(leaf: Mapping[str, Any]) -> bool:
    """Whether a schema refers to nothing, and has a type other than null, or choices that have."""
    choices = leaf.get("anyOf") or [leaf]
    has_type = all(isinstance(choice.get("type"), str) for choice in choices)
    is_list_of_something = leaf.get("type") != "array" or "items" in leaf
    return not SCHEMA_WORDS & leaf.keys() and leaf.get("type") != "null" and has_type and is_list_of_something


@pytest.mark.anyio
async def test_tools_list_carries_flat_schemas_and_no_output_schemas(root: Path, connect: Connect, mode: str) -> None:
    with (root / "labhand.toml").open("a", encoding="utf-8") as settings:
        settings.write("[approval]\nabove_usd = 0\n")  # otherwise `propose` isn't listed
    async with connect(mode=mode) as client:
        listed = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in (await client.list_tools()).tools]

    assert {tool["name"] for tool in listed} == {tool.name for tool in TOOLS}
    for tool in listed:
        assert tool["inputSchema"]["type"] == "object"
        assert [leaf for leaf in _schemas(tool["inputSchema"]) if not _is_plain(leaf)] == []
        assert "outputSchema" not in tool
    assert len(json.dumps(listed, ensure_ascii=False, separators=(",", ":"))) < MAX_LIST_CHARACTERS


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        ("wait", {"until": "everything", "timeout_seconds": 5}, 'call wait again with until="all"'),
        ("get_results", {"detail": "details", "limt": 3}, 'call get_results(limit=3, detail="detailed")'),
        ("get_results", {"ordr": "best"}, "get_results has no argument 'ordr' (did you mean order?): call get_results"),
        ("launch_grid", {"hypothesis": "h", "design": "optimizer", "dry_run": True, "factors": {"X": [1, 2]}}, '"optimiser"'),
        ("launch_experiment", {"hypothesis": "h", "overrides": "X=2"}, 'with overrides={"NAME": 1}'),
        ("launch_experiment", {"hypothesis": "h", "files": {"a.json": {"a": 1}}}, "files.a.json={'a': 1} must be a text: call"),
        (
            "get_briefing",
            {"colour": "red"},
            "get_briefing has no argument 'colour' (there are no arguments): call get_briefing()",
        ),
        ("get_experiment", {}, 'the argument id is missing (Such as e0042): call get_experiment again with id="e0042"'),
        ("cancel", {"id": "e0001"}, 'call cancel(ids=["e0001"])'),
        ("checkout", {"experiment_id": "e0001"}, 'call checkout(id="e0001")'),
        ("wait", {"timeout": 1}, "call wait(timeout_seconds=1)"),
        ("read_source", {"lines": [1, 20]}, 'call read_source again with lines="40-80"'),
        ("launch_experiment", {"hypothesis": "h", "priority": "urgent"}, 'with priority="normal"'),
    ],
)
async def test_a_refusal_is_one_sentence_that_ends_with_the_next_call(
    connect: Connect, tool: str, arguments: dict[str, Any], sentence: str
) -> None:
    async with connect() as client:
        said = await refusal(client, tool, **arguments)

        assert sentence in said
        assert said.endswith(".")
        assert said.count(". ") == 0
        assert f": call {tool}" in said
        for result in await follow(client, said):
            assert "must be" not in text(result), "what is suggested is read"
            assert "argument" not in text(result)


@pytest.mark.anyio
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
async def test_no_answer_to_odd_arguments_has_pydantics_words_or_a_url(connect: Connect, tool: LabTool) -> None:
    required = {name: "h" for name, field in tool.request.model_fields.items() if field.is_required()}
    dry = {"dry_run": True} if "dry_run" in tool.arguments else {}
    async with connect() as client:
        for argument in sorted(tool.arguments):
            for value in ODD:
                result = await client.call_tool(tool.name, required | dry | {argument: value})
                said = text(result).lower().removeprefix(f"error executing tool {tool.name}: ")
                for word in ("pydantic", "http", "input should", "validation error", "traceback", "unexpected keyword"):
                    assert word not in said, (argument, value, said)
                assert not result.is_error or said.strip(), (argument, value)


@pytest.mark.anyio
async def test_ids_and_choices_are_taken_in_any_case(connect: Connect) -> None:
    async with connect() as client:
        await data(client, "launch_experiment", hypothesis="h", overrides={"X": 2.0}, priority="LOW")
        for name in ("E1", "1", "e0001", 1):
            assert (await data(client, "get_experiment", id=name))["id"] == "e0001"
            assert (await data(client, "get_results", ids=name))["total"] == 1
        await data(client, "launch_grid", hypothesis="h", factors={"X": [3.0, 4.0]}, design="Full", priority="Low")
        for name in ("G1", "g1", "g001", "G0001", '["g1"]'):
            assert (await data(client, "get_results", ids=name))["total"] == 2
        assert await data(client, "launch_grid", hypothesis="h", design="one at a time", factors={"X": [5]}, dry_run="True")
        assert (await data(client, "get_results", status="PENDING", gpu="CPU"))["total"] >= 1
        assert "X = 2.0" in await prose(client, "read_source", id="E1", symbol="X")
        await data(client, "cancel", ids="E1-E5, G1", force="TRUE")


def _schemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Return a schema and all schemas in it."""
    yield schema
    for part in schema.get("properties", {}).values():
        yield from _schemas(part)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from _schemas(schema[name])
