from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest

from ..docs.markdown import console_blocks
from .model import Asked, Block, ScriptedModel, say, use, use_own
from .programs import ROOT, Clients, Finished

pytestmark = pytest.mark.timeout(300)


def readme_command() -> str:
    """How the README plugs labhand into Claude Code."""
    (command,) = [line for block in console_blocks(ROOT / "README.md") for line in block if "claude mcp add" in line]
    return command


def test_the_readme_s_command_connects_labhand(clients: Clients) -> None:
    (clients.lab / ".venv").symlink_to(sys.prefix)

    added = clients.run("bash", "-c", readme_command())
    listed = clients.run("claude", "mcp", "list")

    assert added.code == 0, added.err
    assert "labhand" in listed.out
    assert "Connected" in listed.out, listed.out


def test_labhand_connect_writes_what_claude_code_reads(clients: Clients) -> None:
    written = clients.run("labhand", "connect", "claude-code", "--yes")
    listed = clients.run("claude", "mcp", "list")

    assert written.code == 0, written.err
    assert "labhand" in listed.out
    assert "serve" in listed.out


def experiments_of(asked: Asked) -> list[str]:
    launched: list[str] = json.loads(asked.results[1])["experiments"]
    return launched


def look(_: Asked) -> Block:
    return use("get_briefing")


def launch(_: Asked) -> Block:
    return use("launch_experiment", hypothesis="Nearer to the bottom", overrides={"X": 2.5})


def wait(asked: Asked) -> Block:
    return use("wait", ids=experiments_of(asked))


def read(asked: Asked) -> Block:
    return use("get_results", ids=experiments_of(asked))


def conclude(_: Asked) -> Block:
    return say("The point at 2.5 is better.")


def ask(clients: Clients, model: ScriptedModel, prompt: str, *, allowed: str = "mcp__labhand__*") -> Finished:
    """Run Claude Code without a person, the model a script. It may use the tools that are allowed, and no other server."""
    servers = {"mcpServers": {"labhand": {"command": "labhand", "args": ["serve"]}}}
    config = clients.home / "mcp.json"
    config.write_text(json.dumps(servers), "utf-8")
    options = ("--mcp-config", str(config), "--strict-mcp-config", "--allowedTools", allowed)
    with model.served() as url:
        environment = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "not-a-key"}
        return clients.run("claude", "-p", prompt, *options, environment=environment, seconds=240)


def test_claude_code_launches_an_experiment_waits_and_reads_its_score(clients: Clients) -> None:
    model = ScriptedModel([look, launch, wait, read, conclude])

    finished = ask(clients, model, "Improve the trainer.")

    assert finished.code == 0, finished.err
    assert "better" in finished.out
    _, _, waited, results = map(json.loads, model.asked[-1].results)
    assert not waited.get("timed_out")
    (row,) = results["rows"]
    assert shared(results, row)["status"] == "succeeded"
    assert row["score"] < 5
    assert (clients.lab / ".labhand").is_dir()


def shared(results: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """A row with what it shares with the others."""
    return {**results["common"], **row}


def command_of(asked: Asked) -> str:
    """The command that the launch names, as a model would take it from the answer."""
    found = re.search(r"`(labhand wait [^`]+)`", json.loads(asked.results[1])["next"])
    assert found is not None, asked.results[1]
    return found[1]


def wait_in_background(asked: Asked) -> Block:
    return use_own("Bash", command=command_of(asked), description="Wait for labhand", run_in_background=True)


def rest(_: Asked) -> Block:
    return say("It runs. I go on when it has finished.")


def test_claude_code_is_woken_by_the_command_that_a_launch_names_and_pays_for_no_call_meanwhile(clients: Clients) -> None:
    model = ScriptedModel([look, launch, wait_in_background, rest, read, conclude])

    finished = ask(clients, model, "Improve the trainer.", allowed="mcp__labhand__*,Bash(labhand wait *)")

    assert finished.code == 0, finished.err
    assert "better" in finished.out
    assert len(model.asked) == 6, "one request for each step, and none while the experiment ran"
    _, _, started, results = model.asked[-1].results
    assert "background" in started
    woken = model.asked[4].last_words
    assert "task-notification" in woken, woken
    assert "exit code 0" in woken or "completed" in woken, woken
    (row,) = json.loads(results)["rows"]
    assert shared(json.loads(results), row)["status"] == "succeeded"


def test_claude_code_sees_the_core_tools_without_a_search(clients: Clients) -> None:
    model = ScriptedModel([conclude])

    ask(clients, model, "Hello.")

    seen = {name.removeprefix("mcp__labhand__") for name in model.asked[0].tools}
    assert {"get_briefing", "launch_experiment", "launch_grid", "wait", "get_results", "get_experiment"} <= seen


def test_claude_code_starts_research_by_the_prompt(clients: Clients) -> None:
    model = ScriptedModel([conclude])
    programme = (ROOT / "prompts" / "start_research.md").read_text("utf-8").splitlines()[0]

    ask(clients, model, "/mcp__labhand__start_research")

    assert programme in json.dumps(model.asked[0].messages, ensure_ascii=False)
