"""Configuration files of clients: the entry is added, everything else stays, and nothing is lost."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from labhand.server.client_config.config_file import plan, snippet
from labhand.server.client_config.known_clients import CLIENTS, KnownClient, find_client
from labhand.server.errors import BadInputError, ConflictError

COMMAND = ["/opt/labhand", "serve", "--root", "/lab"]
EVERY = list(CLIENTS.values())


def parsed(client: KnownClient, text: str) -> Any:  # noqa: ANN401
    return tomllib.loads(text) if client.form == "toml" else json.loads(text)


def entries(client: KnownClient, text: str) -> dict[str, Any]:
    table: dict[str, Any] = parsed(client, text)
    for key in client.table:
        table = table[key]
    return table


@pytest.mark.parametrize("client", EVERY, ids=lambda client: client.name)
@pytest.mark.parametrize("before", [None, "", "\n"])
def test_a_client_without_a_file_gets_one_with_the_entry_alone(client: KnownClient, before: str | None, tmp_path: Path) -> None:
    path = client.file(tmp_path, tmp_path)
    if before is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(before)
    entry = client.entry(COMMAND)
    plan(client, path, entry).write()
    assert entries(client, path.read_text("utf-8")) == {"labhand": entry}
    assert path.read_text("utf-8").strip() == snippet(client, entry).strip()
    again = plan(client, path, entry)
    assert again.is_made
    assert again.as_diff() == ""


def test_what_stands_in_a_json_file_stays_in_its_order(tmp_path: Path) -> None:
    client = find_client("gemini")
    path = tmp_path / "settings.json"
    path.write_text('{"theme": "ü", "mcpServers": {"other": {"command": "x"}}, "last": [1, 2]}')
    plan(client, path, client.entry(COMMAND)).write()
    document = json.loads(path.read_text("utf-8"))
    assert list(document) == ["theme", "mcpServers", "last"]
    assert list(document["mcpServers"]) == ["other", "labhand"]
    assert "ü" in path.read_text("utf-8")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(("indent", "end"), [("    ", "\r\n"), ("\t", "\n")])
def test_a_json_file_keeps_its_indent_its_line_ends_and_its_byte_order_mark(
    mark: str, indent: str, end: str, tmp_path: Path
) -> None:
    client = find_client("gemini")
    path = tmp_path / "settings.json"
    lines = ["{", f'{indent}"theme": "dark",', f'{indent}"last": 1', "}", ""]
    path.write_bytes((mark + end.join(lines)).encode())
    change = plan(client, path, client.entry(COMMAND))
    removed = [line for line in change.as_diff().splitlines() if line.startswith("-") and not line.startswith("---")]
    assert removed == [f'-{indent}"last": 1']
    change.write()
    written = path.read_bytes().decode()
    assert written.startswith(mark + end.join(lines[:2]))
    assert written.count("\n") == written.count(end)


def test_codex_home_is_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "elsewhere"))
    assert find_client("codex").file(tmp_path, tmp_path) == tmp_path / "elsewhere" / "config.toml"
    assert find_client("gemini").file(tmp_path, tmp_path) == tmp_path / ".gemini" / "settings.json"


def test_comments_of_a_toml_file_stay(tmp_path: Path) -> None:
    client = find_client("Codex")
    path = tmp_path / "config.toml"
    before = '# mine\nmodel = "o5"  # the best\n\n[mcp_servers.other]\ncommand = "x"\n'
    path.write_text(before)
    change = plan(client, path, client.entry(COMMAND))
    change.write()
    assert path.read_text("utf-8").startswith(before)
    assert set(entries(client, path.read_text("utf-8"))) == {"other", "labhand"}
    assert "+[mcp_servers.labhand]" in change.as_diff()


def test_another_entry_of_that_name_is_shown_and_replaced(tmp_path: Path) -> None:
    client = find_client("cursor")
    path = tmp_path / "mcp.json"
    own = {"env": {"HF_HOME": "/data"}}
    path.write_text(json.dumps({"mcpServers": {"labhand": {"command": "old", "args": [], **own}}}))
    change = plan(client, path, client.entry(COMMAND))
    assert change.replaced == {"command": "old", "args": [], **own}
    assert '"old"' in change.as_diff()
    change.write()
    assert entries(client, path.read_text())["labhand"] == {**client.entry(COMMAND), **own}
    assert plan(client, path, client.entry(COMMAND)).is_made


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("vscode", '{"servers": {} // mine\n}', "comments in JSON are lost"),
        ("cursor", '{"mcpServers": {}, "mcpServers": {"a": {}}}', "'mcpServers' stands there twice"),
        ("cursor", "[1]", "an object is needed"),
        ("cursor", '{"mcpServers": ["x"]}', "mcpServers is ['x']"),
        ("codex", "model = ", "can't be read as TOML"),
        ("codex", "mcp_servers = 3", "mcp_servers is 3"),
    ],
)
def test_a_file_that_cannot_be_read_is_not_touched_and_the_entry_is_shown(
    name: str, text: str, words: str, tmp_path: Path
) -> None:
    client = find_client(name)
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(BadInputError) as caught:
        plan(client, path, client.entry(COMMAND))
    assert words in str(caught.value)
    assert "/opt/labhand" in caught.value.remedy
    assert path.read_text() == text


def test_a_file_that_changes_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    client = find_client("opencode")
    path = tmp_path / "opencode.json"
    change = plan(client, path, client.entry(COMMAND))
    path.write_text('{"theme": "new"}')
    with pytest.raises(ConflictError):
        change.write()
    assert path.read_text() == '{"theme": "new"}'


def test_a_link_and_the_rights_of_a_file_stay(tmp_path: Path) -> None:
    client = find_client("gemini")
    real, link = tmp_path / "dotfiles.json", tmp_path / "settings.json"
    real.write_text("{}")
    real.chmod(0o600)
    link.symlink_to(real)
    plan(client, link, client.entry(COMMAND)).write()
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert "labhand" in real.read_text()


def test_a_place_that_cannot_be_is_said(tmp_path: Path) -> None:
    client = find_client("gemini")
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match="can't be read"):
        plan(client, tmp_path / "file" / "settings.json", client.entry(COMMAND))


def test_an_unknown_client_gets_the_names_of_those_that_are_known() -> None:
    with pytest.raises(BadInputError) as caught:
        find_client("cluade-code")
    assert "claude-code" in caught.value.remedy
