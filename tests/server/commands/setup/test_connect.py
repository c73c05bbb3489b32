"""`labhand connect`: shows, asks, writes; and the entry starts a server that answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from labhand.server.main import app
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from typer.testing import CliRunner, Result


def connect(*words: str) -> Result:
    return CliRunner().invoke(app, ["connect", *words])


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    place = tmp_path / "lab"
    place.mkdir()
    (place / "labhand.toml").write_text("")
    monkeypatch.chdir(place)
    return place


def test_without_a_client_they_are_listed_with_their_files() -> None:
    listed = connect().output
    assert "claude-code     Claude Code     LAB/.mcp.json" in listed
    assert "~/.codex/config.toml" in listed


def test_it_shows_the_change_and_writes_nothing_where_nobody_can_be_asked(lab: Path) -> None:
    done = connect("cursor")
    assert done.exit_code == 2
    assert '+    "labhand": {' in done.output
    assert "Add --yes to write what is shown" in " ".join(done.output.split())
    assert not (lab / ".cursor").exists()


def test_it_writes_once_and_then_says_that_it_is_connected(lab: Path) -> None:
    assert "Wrote" in connect("codex", "--yes").output
    assert "is connected to" in connect("codex", "--yes").output
    assert str(lab) in (lab.parent / "home" / ".codex" / "config.toml").read_text()


def test_print_gives_the_entry_alone(lab: Path) -> None:
    printed = json.loads(connect("vscode", "--print").stdout)
    assert printed["servers"]["labhand"]["args"][-2:] == ["--root", str(lab)]
    assert not (lab / ".vscode").exists()


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_entry_starts_a_server_that_answers_from_another_folder(lab: Path, tmp_path: Path) -> None:
    connect("claude-code", "--yes")
    entry = json.loads((lab / ".mcp.json").read_text())["mcpServers"]["labhand"]
    async with Client(StdioServerParameters(command=entry["command"], args=entry["args"], cwd=str(tmp_path))) as client:
        tools = (await client.list_tools()).tools
    assert "launch_experiment" in {tool.name for tool in tools}
