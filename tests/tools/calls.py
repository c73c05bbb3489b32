"""Calling tools in tests: the data of an answer, or the text of an error."""

from __future__ import annotations

from typing import Any, cast

from mcp import Client
from mcp.types import CallToolResult, TextContent


def text(result: CallToolResult) -> str:
    """The text content."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


async def data(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    """What a tool answers, as data; its error fails the test."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text(result)
    assert result.structured_content is not None
    return cast("dict[str, Any]", result.structured_content)


async def prose(client: Client, tool: str, **arguments: object) -> str:
    """What a tool answers, as text; its error fails the test."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text(result)
    assert result.structured_content is None
    return text(result)


async def refusal(client: Client, tool: str, **arguments: object) -> str:
    """The text of the error that a tool must answer with."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.structured_content or text(result)
    return text(result)


async def finished(client: Client, *ids: str) -> dict[str, Any]:
    """Wait, in a few calls at the most, until all are finished, validations with their gain. Return the last answer."""
    answer: dict[str, Any] = {}
    for _ in range(6):
        answer = await data(client, "wait", ids=list(ids), after="0", timeout_seconds=10)
        if any("state" in row for row in answer.get("validations", ())):
            await data(client, "wait", ids=list(ids), after=answer["cursor"], timeout_seconds=10)  # for the gain
        elif "pending" not in answer:
            return answer
    raise AssertionError(f"not finished: {answer}")
