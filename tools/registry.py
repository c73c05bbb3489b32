"""How a function becomes a tool: its arguments are the fields of its request model, its errors become text here.

A tool is `async def name(ctx, request) -> Answer`, or returns text. Clients see the request's fields as the tool's arguments,
and the function's docstring as its description.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from inspect import getdoc
from typing import Any, cast, get_type_hints

from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import ValidationError
from typing_extensions import override

from ..server.errors import LabhandError
from ..server.schemas.messages import Answer, Request, changed
from .arguments.argument_errors import explain
from .arguments.argument_schema import input_schema
from .arguments.reading import read_arguments, read_values
from .lab_context import LabContext, refuse_if_read_only


class NoArguments(Request):
    """The request of a tool without arguments."""


MAX_WHOLE = 1e15
"""Numbers below it are exact as whole numbers in every client."""


@dataclass(frozen=True)
class LabTool:
    """A tool, ready to be added to a server.

    Attributes:
        function: Takes the call's context, and the request where the tool has arguments.
        always_loaded: Clients that load tools on demand are asked to load this one at once.
    """

    function: Callable[..., Awaitable[Any]]
    title: str
    annotations: ToolAnnotations
    always_loaded: bool

    @property
    def name(self) -> str:
        """The name of the function, which is the tool's."""
        return self.function.__name__

    @property
    def description(self) -> str:
        """The function's docstring."""
        return getdoc(self.function) or ""

    @property
    def read_only(self) -> bool:
        """Whether the tool changes nothing."""
        return bool(self.annotations.read_only_hint)

    @cached_property
    def types(self) -> dict[str, Any]:
        """The types of the function's parameters and of its answer."""
        return get_type_hints(self.function)

    @property
    def request(self) -> type[Request]:
        """The model that declares the tool's arguments."""
        model: type[Request] = self.types.get("request", NoArguments)
        return model

    @property
    def arguments(self) -> frozenset[str]:
        """The names of the tool's arguments."""
        return frozenset(self.request.model_fields)

    def build(self, offered: frozenset[str]) -> Tool:
        """Return the tool as the SDK registers it.

        Args:
            offered: The names of the tools that the server offers. No answer suggests another one.
        """

        async def call(ctx: LabContext, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - as the tool answers
            answer = _without_other_tools(await self._call(ctx, arguments), offered)
            return _compact(answer) if isinstance(answer, Answer) else answer

        return Tool(
            fn=call,
            name=self.name,
            title=self.title,
            description=self.description,
            parameters=input_schema(self.request),
            fn_metadata=UncheckedArguments(arg_model=ArgModelBase),
            is_async=True,
            context_kwarg="ctx",
            annotations=self.annotations,
            meta={"anthropic/alwaysLoad": True} if self.always_loaded else None,
        )

    async def _call(self, ctx: LabContext, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - as the tool answers
        """Run the tool. An error that the caller can act on becomes an answer: of other errors the SDK shows no text."""
        try:
            if not self.read_only:
                refuse_if_read_only(ctx, self.name)
            request = read_arguments(self.request, arguments)
            return await (self.function(ctx, request) if "request" in self.types else self.function(ctx))
        except LabhandError as error:
            return _refusal(str(error))
        except ValidationError as error:
            return _refusal(explain(error, self.name, self.request, read_values(self.request, arguments)))


def _without_other_tools(answer: object, offered: frozenset[str]) -> object:
    """Return an answer without the suggested call, if it is a call of a tool that the server doesn't offer."""
    suggested = getattr(answer, "next", "")
    name, has_arguments, _ = suggested.partition("(")
    if isinstance(answer, Answer) and has_arguments and name.isidentifier() and name not in offered:
        return changed(answer, next="")
    return answer


def _short_numbers(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return JSON with whole numbers as such: 300 instead of 300.0."""
    if isinstance(value, dict):
        return {name: _short_numbers(member) for name, member in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [_short_numbers(member) for member in cast(Sequence[Any], value)]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < MAX_WHOLE else value


def _refusal(problem: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=problem)], is_error=True)


def _compact(answer: Answer) -> CallToolResult:
    """Return an answer as data, and as the same JSON in a text for clients that don't show data.

    The tools declare no output schema: no client shows it to a model, and it would take more than half of `tools/list`.
    """
    data: dict[str, Any] = _short_numbers(answer.model_dump(mode="json"))
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=data)


class UncheckedArguments(FuncMetadata):
    """Leaves the check of arguments to `LabTool`, whose errors say more than pydantic's."""

    @override
    def validate_arguments(self, arguments_to_validate: dict[str, Any]) -> dict[str, Any]:
        return {"arguments": arguments_to_validate}


def tool(
    title: str,
    *,
    read_only: bool = False,
    destructive: bool = False,
    idempotent: bool = False,
    always_loaded: bool = False,
    open_world: bool = False,
) -> Callable[[Callable[..., Awaitable[Any]]], LabTool]:
    """Make a function a tool. Every hint is set, so that no client has to guess.

    Args:
        title: The tool's title for people.
        read_only: The tool changes nothing, so that clients may run it beside others.
        destructive: The tool ends or overwrites something.
        idempotent: A second call changes nothing more.
        always_loaded: See `LabTool`.
        open_world: The tool asks services outside of the lab.
    """
    annotations = ToolAnnotations(
        read_only_hint=read_only,
        destructive_hint=destructive,
        idempotent_hint=idempotent or read_only,
        open_world_hint=open_world,
    )

    def decorate(function: Callable[..., Awaitable[Any]]) -> LabTool:
        return LabTool(function, title, annotations, always_loaded)

    return decorate
