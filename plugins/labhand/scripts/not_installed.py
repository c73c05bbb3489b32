"""Tells a client that labhand isn't installed: as an MCP server with one tool, or as the answer of a hook.

`labhand.sh` starts it where it finds no labhand. It answers at once: clients give a server 10 to 30 seconds to start, and an
installation takes longer. It needs Python 3.8 and nothing else.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

INSTALL = Path(__file__).with_name("install.txt").read_text("utf-8").strip()
TOOL = {
    "name": "install_labhand",
    "title": "How to install labhand",
    "description": f"Says how a person installs labhand. {INSTALL}",
    "inputSchema": {"type": "object", "properties": {}},
    "annotations": {"readOnlyHint": True},
}
METHOD_NOT_FOUND = -32601


def result_of(method: str, params: dict) -> dict | None:
    """Return the result of a request; None if there is no such method."""
    if method == "initialize":
        return {
            "protocolVersion": params.get("protocolVersion", "2025-11-25"),
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "labhand", "version": "not installed"},
            "instructions": INSTALL,
        }
    results = {"ping": {}, "tools/list": {"tools": [TOOL]}, "tools/call": {"content": [{"type": "text", "text": INSTALL}]}}
    return results.get(method)


def serve() -> None:
    """Answer requests, one in a line, until standard input ends."""
    for line in sys.stdin:
        try:
            request = json.loads(line)
            number, method = request["id"], request["method"]
        except (ValueError, KeyError, TypeError):  # a notification, or no request
            continue
        result = result_of(method, request.get("params") or {})
        unknown = {"error": {"code": METHOD_NOT_FOUND, "message": f"Method not found: {method}"}}
        answer = {"jsonrpc": "2.0", "id": number, **(unknown if result is None else {"result": result})}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def brief() -> None:
    """Answer the hook of a session's start, if the client's folder has a lab."""
    place = Path(os.environ.get("CLAUDE_PROJECT_DIR") or ".").resolve()
    if any((folder / "labhand.toml").is_file() for folder in (place, *place.parents)):
        told = {"hookEventName": "SessionStart", "additionalContext": f"This folder has a labhand.toml. {INSTALL}"}
        sys.stdout.write(json.dumps({"hookSpecificOutput": told}) + "\n")


if __name__ == "__main__":
    serve() if sys.argv[1:2] == ["serve"] else brief()
