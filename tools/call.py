"""`labhand call TOOL key=value …`: calls a tool of the lab from the command line, through an MCP client in this process.

A program without an MCP client gets the same answers as an agent, and the same errors.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from mcp import Client
from mcp.types import CallToolResult, ImageContent, Implementation, TextContent

from ..server.errors import BadInputError, LabhandError, nearest
from .app import TOOLS, build
from .arguments.argument_schema import JsonSchema, input_schema
from .clients import CALL_COMMAND
from .lab_context import LabHandle
from .registry import LabTool

STDIN = "-"
MAX_FILE = 16 << 20
"""Bytes of a file that holds a value."""


class RefusedCallError(LabhandError):
    """The tool refused the call; the text is the tool's own."""


async def call_tool(handle: LabHandle, name: str, words: Sequence[str], on_progress: Any = None) -> dict[str, Any]:  # noqa: ANN401
    """Call a tool, and return its answer as JSON.

    Args:
        handle: The lab, and its caller.
        name: The tool's name.
        words: Its arguments, as `read_words` takes them.
        on_progress: Called with progress, total and a message, as the MCP SDK does; None for no progress.

    Returns:
        The tool's answer. A tool that answers with text or pictures has them under `text` and `images`.

    Raises:
        BadInputError: There is no such tool, or a word can't be read.
        RefusedCallError: The tool refused the call.
    """
    tool = find_tool(name)
    arguments = read_words(tool, words)
    info = Implementation(name=CALL_COMMAND, version=version("labhand"))
    async with Client(build(handle), client_info=info, raise_exceptions=True) as client:
        result = await client.call_tool(tool.name, arguments, progress_callback=on_progress)
    if result.is_error:
        raise RefusedCallError(_text(result).rstrip("."))
    return cast("dict[str, Any]", result.structured_content) if result.structured_content is not None else _content(result)


def find_tool(name: str) -> LabTool:
    """Return a tool by its name; `-` counts as `_`.

    Raises:
        BadInputError: There is no such tool.
    """
    wanted = name.strip().replace("-", "_").casefold()
    tool = next((tool for tool in TOOLS if tool.name == wanted), None)
    if tool is None:
        raise BadInputError(
            f"There is no tool {name!r}", nearest(name, tool_names(), "tools", "`labhand call` lists them with their arguments")
        )
    return tool


def tool_names() -> list[str]:
    """Return the names of all tools."""
    return [tool.name for tool in TOOLS]


def describe(tool: LabTool) -> dict[str, Any]:
    """Return what a tool does, and the JSON schema of its arguments."""
    return {"name": tool.name, "description": tool.description, "arguments": input_schema(tool.request)}


def summaries() -> list[tuple[str, str, str]]:
    """Return the name of each tool, its title, and its arguments; those in angle brackets are required."""
    return [(tool.name, tool.title, " ".join(_shown_arguments(input_schema(tool.request)))) for tool in TOOLS]


def _shown_arguments(schema: JsonSchema) -> Iterable[str]:
    required = schema.get("required", ())
    return (f"<{name}>" if name in required else name for name in schema["properties"])


def read_words(tool: LabTool, words: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of a call from words `key=value` or `{"key": value}`.

    A value is JSON if it can be read as such, and text otherwise. Where the tool wants a text, the value is the text as it
    stands, unless it is a JSON string in quotation marks. `key=@FILE` takes the value from a file, `key=@-` from standard
    input.
    `key.name=value` sets one member of an object.

    Raises:
        BadInputError: A word is neither, a key is given twice, or a file can't be read.
    """
    properties: Mapping[str, JsonSchema] = input_schema(tool.request)["properties"]
    arguments: dict[str, Any] = {}
    for word in words:
        if word.startswith("{"):
            _add_object(arguments, word)
            continue
        key, sign, text = word.partition("=")
        if not sign or not key:
            raise BadInputError(f"{word!r} is no argument", f"Write key=value, such as {_example(properties)}")
        name, dot, member = key.partition(".")
        is_member = bool(dot) and name in properties and properties[name].get("type") == "object"
        members: object = properties[name].get("additionalProperties") if is_member else properties.get(key)
        value = _value(key, text, wants_text=isinstance(members, dict) and {"type": "string"}.items() <= members.items())
        place: object = arguments.setdefault(name, {}) if is_member else arguments
        slot = member if is_member else key
        if not isinstance(place, dict) or slot in place:
            raise _given_twice(key)
        place[slot] = value
    return arguments


def _add_object(arguments: dict[str, Any], word: str) -> None:
    try:
        added = json.loads(word)
    except (ValueError, RecursionError) as error:
        raise BadInputError(
            f"{word:.60} begins like a JSON object and is none: {error}", "Write key=value, or one JSON object in single quotes"
        ) from error
    if twice := arguments.keys() & added.keys():
        raise _given_twice(min(twice))
    arguments |= added


def _given_twice(key: str) -> BadInputError:
    return BadInputError(f"{key} is given twice", f"Give all its values at once, as JSON: {key}='[1, 2]'")


def _value(key: str, text: str, *, wants_text: bool) -> Any:  # noqa: ANN401 - JSON
    if text.startswith("@"):
        text = _read_file(key, text[1:])
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if wants_text and not isinstance(value, str) else value


def _read_file(key: str, name: str) -> str:
    try:
        if name == STDIN:
            return sys.stdin.read(MAX_FILE)
        with Path(name).open(encoding="utf-8") as file:
            return file.read(MAX_FILE)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"{key}=@{name}: {name} can't be read: {error}", f"To send a text that begins with @: {key}='\"@{name}\"'"
        ) from error


def _example(properties: Mapping[str, JsonSchema]) -> str:
    name = next(iter(properties), "")
    return f"{name}=VALUE. The arguments are: {', '.join(properties)}" if name else "nothing: this tool takes no arguments"


def _text(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def _content(result: CallToolResult) -> dict[str, Any]:
    images = [
        {"media_type": block.mime_type, "base64": block.data} for block in result.content if isinstance(block, ImageContent)
    ]
    return {"text": _text(result)} | ({"images": images} if images else {})
