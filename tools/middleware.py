"""What happens around every request: unknown arguments are refused, and errors are cut to a readable length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.types import INVALID_PARAMS, CallToolResult, TextContent
from pydantic import ValidationError

from ..server.errors import nearest

MAX_ERROR_CHARACTERS = 2000
"""An error repeats what was wrong, which may be a megabyte of argument."""
MAX_NAME_CHARACTERS = 100


def refuse_unknown_arguments(arguments: dict[str, frozenset[str]]) -> ServerMiddleware[Any]:
    """Refuse calls with unknown arguments, with the nearest known ones.

    Args:
        arguments: The names of each tool's arguments.
    """

    async def middleware(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method == "tools/call" and (problem := _problem(ctx.params or {}, arguments)):
            return CallToolResult(content=[TextContent(type="text", text=problem)], is_error=True)
        return await call_next(ctx)

    return middleware


def _problem(params: Mapping[str, object], arguments: dict[str, frozenset[str]]) -> str:
    name, given = str(params.get("name")), params.get("arguments")
    if name not in arguments or not isinstance(given, dict):
        return ""
    known = arguments[name]
    unknown = [argument[:MAX_NAME_CHARACTERS] for argument in cast(dict[str, object], given) if argument not in known]
    if not unknown:
        return ""
    faults = "; ".join(f"{argument!r} ({nearest(argument, known, 'arguments')})" for argument in unknown)
    return f"{name} has no argument {faults}. Call it again without this argument, or with the right name."


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
