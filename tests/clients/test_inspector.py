from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from .programs import Clients

pytestmark = pytest.mark.timeout(300)

INSPECTOR = ("mcp-inspector", "--cli", "--connect-timeout", "60000")
"""A busy machine may take longer to start a process than the Inspector's own 15 s."""
Era = Literal["legacy", "modern"]
ERAS: tuple[Era, ...] = ("legacy", "modern")

LAUNCHES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_briefing", {}),
    ("list_gpus", {}),
    ("read_source", {"id": "baseline", "symbol": "loss_at"}),
    ("launch_experiment", {"hypothesis": "Nearer to the bottom", "overrides": {"X": 2.5}, "request_id": "one"}),
    ("launch_grid", {"hypothesis": "Both ways", "factors": {"X": [2.0, 4.0], "Y": [-1.0, 0.0]}}),
)
READING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_results", {"sort_by": "score", "limit": 5}),
    ("get_experiment", {"id": "e0001", "include": ["diff", "runs"]}),
    ("get_logs", {"id": "e0001", "tail_lines": 5}),
    ("analyze", {}),
    ("plot", {"what": "progress"}),
    ("validate", {"ids": ["e0001"], "dry_run": True}),
    ("note", {"text": "2.5 is nearer than 1", "experiments": ["e0001"]}),
    ("checkout", {"id": "e0001"}),
    ("cancel", {"ids": ["g001"], "reason": "seen enough"}),
)


def inspect(clients: Clients, era: Era, method: str, *options: str) -> dict[str, Any]:
    """What a server answers to one request of the Inspector's command line."""
    server = ("labhand", "serve", "--as", "inspector")
    finished = clients.run(*INSPECTOR, "--protocol-era", era, *server, "--method", method, *options)
    assert finished.code == 0, f"{method} {options}: {finished.out}{finished.err}"
    answer: dict[str, Any] = json.loads(finished.out)
    return answer


def call(clients: Clients, era: Era, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    pairs = [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in arguments.items()]
    given = ["--tool-arg", *pairs] if pairs else []
    return inspect(clients, era, "tools/call", "--tool-name", tool, *given)


def refused(clients: Clients, era: Era, tool: str, *arguments: str) -> str:
    """The error that a tool answers with."""
    server = ("labhand", "serve", "--as", "inspector")
    request = ("--method", "tools/call", "--tool-name", tool, "--tool-arg", *arguments)
    finished = clients.run(*INSPECTOR, "--protocol-era", era, *server, *request)
    assert finished.code == 5, finished.out + finished.err
    return finished.out


def tools_in(clients: Clients, era: Era) -> set[str]:
    """The names of the listed tools."""
    return {tool["name"] for tool in inspect(clients, era, "tools/list")["tools"]}


def wait_for_all(clients: Clients, era: Era, ids: list[str]) -> dict[str, Any]:
    """Call `wait` as its answer says, until nothing is pending."""
    waited: dict[str, Any] = {"timed_out": True}
    while waited.get("timed_out"):
        waited = call(clients, era, "wait", {"ids": ids})["structuredContent"]
    return waited


def test_the_inspector_lists_every_tool_and_calls_it(clients: Clients) -> None:
    era: Era = "modern"
    listed = tools_in(clients, era)

    for tool, arguments in LAUNCHES:
        call(clients, era, tool, arguments)
    waited = wait_for_all(clients, era, ["e0001", "g001"])
    answers = {tool: call(clients, era, tool, arguments) for tool, arguments in READING}
    scaled = refused(clients, era, "scale_pool", "pool=local", "clusters=1")
    with (clients.lab / "labhand.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[literature]\nsources = []\n")
    unread = [refused(clients, era, *words) for words in (("search_papers", "query=muon"), ("read_paper", "id=2601.00001"))]

    assert listed == {tool for tool, _ in (*LAUNCHES, *READING)} | {"wait", "scale_pool", "search_papers", "read_paper"}
    assert all("[literature]" in text for text in unread), unread
    assert "launches no clusters" in scaled
    assert waited["finished_total"] == 5
    assert len(answers["get_results"]["structuredContent"]["rows"]) == 5
    assert "X = 2.5" in (clients.lab / "parabola" / "train.py").read_text("utf-8")


def test_in_the_protocol_of_before_it_lists_the_same_tools_and_a_launch_comes_to_its_result(clients: Clients) -> None:
    """Each call starts two programs, and the tools don't know which protocol is spoken; so here a few of them do."""
    listed = {era: tools_in(clients, era) for era in ERAS}
    [launch] = [arguments for tool, arguments in LAUNCHES if tool == "launch_experiment"]
    call(clients, "legacy", "launch_experiment", launch)
    waited = wait_for_all(clients, "legacy", ["e0001"])
    results = call(clients, "legacy", "get_results", {})["structuredContent"]

    assert listed["legacy"] == listed["modern"]
    assert waited["finished_total"] == 1
    assert "e0001" in [row["id"] for row in results["rows"]]


@pytest.mark.parametrize("era", ERAS)
def test_the_inspector_reads_prompts_and_resources(clients: Clients, era: Era) -> None:
    prompts = inspect(clients, era, "prompts/list")["prompts"]
    resources = inspect(clients, era, "resources/list")["resources"]
    read = inspect(clients, era, "resources/read", "--uri", "labhand://leaderboard")

    assert "start_research" in {prompt["name"] for prompt in prompts}
    assert {"labhand://leaderboard", "labhand://results.tsv"} <= {resource["uri"] for resource in resources}
    assert read["contents"][0]["mimeType"] == "text/markdown"


def test_the_inspector_sees_an_error_that_says_what_to_do(clients: Clients) -> None:
    assert "e0999" in refused(clients, "modern", "get_experiment", "id=e0999")
