"""How a request model becomes a tool's arguments, and how errors in them are told."""

from __future__ import annotations

from typing import Any

import pytest
from labhand.server.schemas.launch import GridLaunch, Launch
from labhand.server.schemas.results import ResultsQuery
from labhand.server.schemas.validation import ValidationRequest
from labhand.tools.app import TOOLS
from labhand.tools.arguments.argument_errors import explain
from labhand.tools.arguments.argument_schema import input_schema
from labhand.tools.arguments.reading import read_arguments, read_values
from labhand.tools.registry import LabTool
from pydantic import ValidationError


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_the_schema_of_a_tool_has_its_arguments_side_by_side_each_with_a_description(tool: LabTool) -> None:
    schema = tool.build(frozenset()).parameters

    assert set(schema["properties"]) == tool.arguments
    assert "request" not in schema["properties"]
    assert [name for name, argument in schema["properties"].items() if not argument.get("description")] == []


def test_required_arguments_come_first_and_defaults_are_shown() -> None:
    schema = input_schema(Launch)

    assert next(iter(schema["properties"])) == "hypothesis"
    assert schema["required"] == ["hypothesis"]
    assert schema["properties"]["base"]["default"] == "champion"
    assert schema["properties"]["edits"]["type"] == "array"


def test_null_stands_for_an_empty_list_or_object() -> None:
    request = read_arguments(Launch, {"hypothesis": "h", "files": None, "edits": None, "theme": None})

    assert request == Launch(hypothesis="h")


def test_lists_and_objects_may_come_as_json_text() -> None:
    request = read_arguments(Launch, {"hypothesis": "[1]", "overrides": '{"X": 2}', "gpu": '["H100", "H200"]'})

    assert request == Launch(hypothesis="[1]", overrides={"X": 2}, gpu=["H100", "H200"])


@pytest.mark.parametrize(
    ("model", "arguments", "sentence"),
    [
        (ResultsQuery, {"limit": 0}, "limit=0 must be at least 1: call get_results(limit=1)."),
        (ResultsQuery, {"limit": "many"}, "limit='many' must be a whole number: call get_results again with limit=20."),
        (
            ResultsQuery,
            {"detail": "detail"},
            "detail='detail' must be one of 'concise' or 'detailed': call get_results(detail=\"detailed\").",
        ),
        (
            Launch,
            {},
            "the argument hypothesis is missing (Why the score should improve, in one sentence): call launch_experiment again"
            ' with hypothesis="…".',
        ),
        (
            Launch,
            {"hypothesis": "h", "gpu": {"a": 1}},
            "gpu={'a': 1} must be a text or a list: call launch_experiment again with gpu=\"…\".",
        ),
        (
            Launch,
            {"hypothesis": "h", "edits": [{"fnd": "a", "replace": "b"}]},
            "the argument edits.0.find is missing; edits.0 has no key 'fnd' (did you mean find?): call launch_experiment again"
            ' with edits=[{"find": "…", "replace": "…"}].',
        ),
        (
            GridLaunch,
            {"hypothesis": "h", "factors": {"DEPTH": {"a": 4}}},
            "factors.DEPTH={'a': 4} must be a list: call launch_grid again with factors={\"NAME\": [1]}.",
        ),
        (ValidationRequest, {"ids": []}, 'ids=[] must have at least 1 item: call validate again with ids=["…"].'),
    ],
)
def test_an_error_names_the_argument_the_value_what_would_do_and_the_next_call(
    model: type[Launch], arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        read_arguments(model, arguments)

    assert explain(caught.value, model.tool, model, read_values(model, arguments)) == sentence
