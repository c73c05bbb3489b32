"""The calls that answers suggest, taken out of their text so that a test can make them."""

from __future__ import annotations

import json
import re
from typing import Any

from labhand.tools.app import TOOLS
from mcp import Client
from mcp.types import CallToolResult

_CALL = re.compile(rf"\b({'|'.join(tool.name for tool in TOOLS)})\(")
_ARGUMENT = re.compile(r"(\w+)=")
_JSON = json.JSONDecoder()

SuggestedCall = tuple[str, dict[str, Any]]


def calls_in(text: str) -> list[SuggestedCall]:
    """Return the calls in a text, each a tool and its arguments.

    Raises:
        ValueError: The arguments of a call aren't JSON, so that nobody could make it.
    """
    return [(start[1], _arguments(text, start.end())) for start in _CALL.finditer(text)]


async def follow(client: Client, text: str) -> list[CallToolResult]:
    """Make every call in a text."""
    return [await client.call_tool(tool, arguments) for tool, arguments in calls_in(text)]


def _arguments(text: str, place: int) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    while text[place] != ")":
        name = _ARGUMENT.match(text, place)
        if name is None:
            raise ValueError(f"no argument at {text[place : place + 40]!r} of {text!r}")
        arguments[name[1]], place = _JSON.raw_decode(text, name.end())
        if text.startswith(", ", place):
            place += 2
    return arguments
