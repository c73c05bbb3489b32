"""The plugin in the real Claude Code: its own checker, a local marketplace, server, hooks, skill and commands."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from ..docs.markdown import blocks
from .model import Asked, Block, ScriptedModel, SearchingModel, say
from .programs import INSTALLED, ROOT, Clients

pytestmark = pytest.mark.timeout(300)
PLUGIN = ROOT / "plugins" / "labhand"
PREFIX = "mcp__plugin_labhand_labhand__"
"""Before the names of a plugin's tools."""


def without_labhand(place: Path) -> dict[str, str]:
    """An environment in which Claude Code and Python are found, and labhand isn't."""
    place.mkdir()
    (place / "python3").symlink_to(Path(sys.executable).resolve())
    return {"PATH": os.pathsep.join([str(INSTALLED / "node_modules" / ".bin"), str(place), "/usr/bin", "/bin"])}


def say_hello(_: Asked) -> Block:
    return say("Hello.")


def session(clients: Clients, prompt: str, environment: dict[str, str] | None = None) -> SearchingModel:
    """Run a session in which the model looks for labhand's tools and greets; returns the model with what it was asked."""
    model = SearchingModel(PREFIX, [say_hello])
    with model.served() as url:
        access = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "not-a-key"}
        done = clients.run("claude", "-p", prompt, environment={**access, **(environment or {})}, seconds=240)
    assert done.code == 0, done.err
    return model


def shown(asked: Asked) -> str:
    """All that the model was shown."""
    return json.dumps(asked.messages, ensure_ascii=False)


@pytest.mark.parametrize("path", [PLUGIN, ROOT], ids=["plugin", "marketplace"])
def test_claude_code_s_own_checker_finds_nothing_to_object_to(path: Path, clients: Clients) -> None:
    done = clients.run("claude", "plugin", "validate", str(path), "--strict")

    assert done.code == 0, done.out + done.err
    assert "Validation passed" in done.out


def test_the_plugin_brings_the_server_the_hooks_the_skill_and_the_commands(with_plugin: Clients) -> None:
    servers = with_plugin.run("claude", "mcp", "list")
    details = with_plugin.run("claude", "plugin", "details", "labhand@labhand").out

    assert "plugin:labhand:labhand" in servers.out
    assert "Connected" in servers.out, servers.out
    assert "Hooks (2)  SessionStart, Stop" in details
    assert "Skills (5)  labhand, research, status, validate, write-up" in details


def test_the_model_gets_the_briefing_before_its_first_turn_and_finds_the_tools_and_the_skill(with_plugin: Clients) -> None:
    model = session(with_plugin, "Hello.")

    first, last = model.asked[0], model.asked[-1]
    assert "labhand: this folder has a laboratory" in shown(first)
    assert "labhand:labhand" in shown(first), "the skill is listed"
    assert {f"{PREFIX}{name}" for name in ("get_briefing", "launch_grid", "wait", "get_results")} <= set(last.tools)


def test_a_command_of_the_plugin_starts_research(with_plugin: Clients) -> None:
    model = session(with_plugin, "/labhand:research Lower the loss")

    assert "do research in this folder's lab. Lower the loss" in shown(model.asked[0])


def test_without_labhand_the_hook_and_the_server_say_how_to_install_it(with_plugin: Clients, tmp_path: Path) -> None:
    environment = without_labhand(tmp_path / "bin")

    servers = with_plugin.run("claude", "mcp", "list", environment=environment)
    model = session(with_plugin, "Hello.", environment)

    first, last = model.asked[0], model.asked[-1]
    assert "Connected" in servers.out, servers.out
    assert "This folder has a labhand.toml. labhand isn't installed on this machine" in shown(first)
    assert f"{PREFIX}install_labhand" in last.tools
    assert "uv tool install" in last.tools[f"{PREFIX}install_labhand"]["description"]


def test_the_option_of_the_plugin_names_a_labhand_that_is_elsewhere(clients: Clients, tmp_path: Path) -> None:
    program = Path(sys.prefix) / "bin" / "labhand"
    for command in (["marketplace", "add", str(ROOT)], ["install", "labhand@labhand", "--config", f"program={program}"]):
        assert clients.run("claude", "plugin", *command).code == 0

    model = session(clients, "Hello.", without_labhand(tmp_path / "bin"))

    assert "labhand: this folder has a laboratory" in shown(model.asked[0]), "the hook has the option"
    assert f"{PREFIX}launch_experiment" in model.asked[-1].tools, "the server has it, too"


def test_the_hooks_of_the_page_work_without_the_plugin(clients: Clients) -> None:
    (settings,) = blocks(ROOT / "docs" / "plugins.md", "json")
    (clients.lab / ".claude").mkdir()
    (clients.lab / ".claude" / "settings.json").write_text(settings, "utf-8")
    model = ScriptedModel([say_hello])

    with model.served() as url:
        access = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "not-a-key"}
        done = clients.run("claude", "-p", "Hello.", environment=access, seconds=240)

    assert done.code == 0, done.err
    assert "labhand: this folder has a laboratory" in shown(model.asked[0])
