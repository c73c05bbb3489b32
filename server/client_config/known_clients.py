"""The clients that labhand can be connected to: which file each reads, and the form of an entry."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import BadInputError, nearest

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client and its configuration file.

    Attributes:
        name: As the command takes it.
        title: As people call it.
        scope: `lab` for a file in the lab's folder, which counts there only; `person` for one in HOME.
        path: The file, relative to that folder.
        form: Of the file.
        table: The keys that lead to the entries of servers.
        entry: Makes the entry from the command.
        afterwards: What the person does next.
        home_variable: The variable that names another folder for the file, as `CODEX_HOME` does.
    """

    name: str
    title: str
    scope: Literal["lab", "person"]
    path: str
    form: Literal["json", "toml"]
    table: Sequence[str]
    entry: Callable[[Sequence[str]], Entry]
    afterwards: str
    home_variable: str = ""

    def file(self, lab: Path, home: Path) -> Path:
        """Return the configuration file."""
        own_home = os.environ.get(self.home_variable, "") if self.home_variable else ""
        if own_home:
            return Path(own_home) / Path(self.path).name
        return (lab if self.scope == "lab" else home) / self.path


_CLAUDE_DESKTOP = (
    "Library/Application Support/Claude/claude_desktop_config.json"
    if sys.platform == "darwin"
    else ".config/Claude/claude_desktop_config.json"
)


def _stdio(command: Sequence[str]) -> Entry:
    return {"command": command[0], "args": list(command[1:])}


def _typed(command: Sequence[str]) -> Entry:
    return {"type": "stdio", **_stdio(command)}


def _gemini(command: Sequence[str]) -> Entry:
    return {**_stdio(command), "timeout": 600_000}


def _opencode(command: Sequence[str]) -> Entry:
    return {"type": "local", "command": list(command), "enabled": True}


def _codex(command: Sequence[str]) -> Entry:
    # By default Codex gives a server 10 s to start, and a call 60 s in older versions.
    return {**_stdio(command), "startup_timeout_sec": 60, "tool_timeout_sec": 600}


CLIENTS: Mapping[str, KnownClient] = {
    client.name: client
    for client in (
        KnownClient(
            "claude-code",
            "Claude Code",
            "lab",
            ".mcp.json",
            "json",
            ("mcpServers",),
            _typed,
            "Start `claude` in that folder, allow the server, and type /mcp__labhand__start_research.",
        ),
        KnownClient(
            "claude-desktop",
            "Claude Desktop",
            "person",
            _CLAUDE_DESKTOP,
            "json",
            ("mcpServers",),
            _stdio,
            "Start Claude Desktop again.",
        ),
        KnownClient(
            "codex",
            "Codex",
            "person",
            ".codex/config.toml",
            "toml",
            ("mcp_servers",),
            _codex,
            "Start `codex` again.",
            "CODEX_HOME",
        ),
        KnownClient(
            "gemini",
            "Gemini CLI",
            "person",
            ".gemini/settings.json",
            "json",
            ("mcpServers",),
            _gemini,
            "Start `gemini` in a folder that it trusts: elsewhere it starts no servers.",
        ),
        KnownClient(
            "opencode",
            "opencode",
            "lab",
            "opencode.json",
            "json",
            ("mcp",),
            _opencode,
            "Start `opencode` in that folder.",
        ),
        KnownClient(
            "vscode",
            "VS Code",
            "lab",
            ".vscode/mcp.json",
            "json",
            ("servers",),
            _typed,
            "Open that folder in VS Code and start the server there.",
        ),
        KnownClient(
            "cursor",
            "Cursor",
            "lab",
            ".cursor/mcp.json",
            "json",
            ("mcpServers",),
            _stdio,
            "Open that folder in Cursor, and allow the server in its settings.",
        ),
    )
}
"""By name."""


def find_client(name: str) -> KnownClient:
    """Return a client by its name.

    Raises:
        BadInputError: It isn't known.
    """
    client = CLIENTS.get(name.strip().lower())
    if client is None:
        raise BadInputError(
            f"{name!r:.40} is no client that labhand knows how to configure", nearest(name, CLIENTS, "clients", lists_all=True)
        )
    return client
