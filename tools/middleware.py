"""Checks before every tool call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.types import CallToolResult, TextContent

from ..server.errors import nearest


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
    unknown = [argument for argument in cast(dict[str, object], given) if argument not in known]
    if not unknown:
        return ""
    faults = "; ".join(f"{argument!r} ({nearest(argument, known)})" for argument in unknown)
    return f"{name} has no argument {faults}. Call it again without this argument, or with the right name."
