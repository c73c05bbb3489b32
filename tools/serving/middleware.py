"""What happens around every request: unknown tools are refused, and errors are cut to a readable length."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.types import INVALID_PARAMS, CallToolResult, ListToolsResult, TextContent
from pydantic import ValidationError

from ...server.errors import nearest
from ...server.schemas.messages import changed

MAX_ERROR_CHARACTERS = 2000
"""An error repeats what was wrong, which may be a megabyte of argument."""


def refuse_unknown_tools(names: Collection[str]) -> ServerMiddleware[Any]:
    """Refuse calls of tools that aren't offered, with the most similar ones.

    Args:
        names: The names of the tools.
    """

    async def middleware(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        name = (ctx.params or {}).get("name")
        if ctx.method != "tools/call" or not isinstance(name, str) or name in names:
            return await call_next(ctx)
        problem = f"There is no tool {name!r} on this server. {nearest(name, names, 'tools')}"
        return CallToolResult(content=[TextContent(type="text", text=problem)], is_error=True)

    return middleware


def hide_tools(hidden: Callable[[], Collection[str]]) -> ServerMiddleware[Any]:
    """Leave tools out of `tools/list` while the lab has no use for them. Who calls one all the same gets its own answer.

    Args:
        hidden: Returns the names of the tools. It is called for each list, so that changed settings take effect at once.
    """

    async def middleware(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        result = await call_next(ctx)
        if ctx.method != "tools/list" or not (names := hidden()):
            return result
        if isinstance(result, ListToolsResult):
            return changed(result, tools=[tool for tool in result.tools if tool.name not in names])
        if isinstance(result, dict) and isinstance(result.get("tools"), list):
            return {**result, "tools": [tool for tool in result["tools"] if tool["name"] not in names]}
        return result

    return middleware


async def cut_errors(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Cut the text of an error: whoever sent a megabyte of argument doesn't have to read it again.

    The SDK raises ValueError for a prompt that doesn't exist, and would log it as a fault of the server.
    """
    try:
        result = await call_next(ctx)
    except MCPError as error:
        raise MCPError(error.error.code, _cut(error.error.message), _cut_data(error.error.data)) from error
    except ValidationError:
        raise
    except ValueError as error:
        raise MCPError(INVALID_PARAMS, _cut(str(error))) from error
    return _cut_result(result)


def _cut_result(result: HandlerResult) -> HandlerResult:
    """Return an answer; the texts are cut if it is a tool's error."""
    if isinstance(result, CallToolResult):
        result = result.model_dump(by_alias=True, exclude_none=True)
    if isinstance(result, dict) and result.get("isError"):
        return {**result, "content": [block | {"text": _cut(str(block.get("text", "")))} for block in result["content"]]}
    return result


def _cut_data(data: object) -> object:
    return data if data is None or len(repr(data)) <= MAX_ERROR_CHARACTERS else _cut(repr(data))


def _cut(text: str) -> str:
    """Return a text of at most `MAX_ERROR_CHARACTERS`: its beginning and its end, where an error has its remedy."""
    if len(text) <= MAX_ERROR_CHARACTERS:
        return text
    half = MAX_ERROR_CHARACTERS // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}… ({left_out} characters left out) …{text[-half:]}"
