"""How a function becomes a tool: what a client is told of it, and the one boundary where errors become text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import ValidationError

from ..server.errors import LabhandError

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class LabTool:
    """A tool, ready to be added to a server.

    Attributes:
        function: Its arguments and docstring are what the client sees.
        structured: The answer is data after a schema; otherwise it is plain text.
        always_loaded: Clients that load tools late are asked to load this one at once.
    """

    function: Callable[..., Awaitable[Any]]
    title: str
    annotations: ToolAnnotations
    structured: bool
    always_loaded: bool

    @property
    def name(self) -> str:
        """The function's name is the tool's."""
        return self.function.__name__

    @property
    def arguments(self) -> frozenset[str]:
        """The names of what it takes from a caller: its keyword-only parameters."""
        parameters = signature(self.function).parameters.values()
        return frozenset(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)

    @property
    def read_only(self) -> bool:
        """It changes nothing."""
        return bool(self.annotations.read_only_hint)

    def add_to(self, server: MCPServer[Any]) -> None:
        """Add it to a server."""
        server.add_tool(
            self.function,
            title=self.title,
            annotations=self.annotations,
            structured_output=self.structured,
            meta={"anthropic/alwaysLoad": True} if self.always_loaded else None,
        )


def tool(
    title: str,
    *,
    read_only: bool = False,
    destructive: bool = False,
    idempotent: bool = False,
    always_loaded: bool = False,
    structured: bool = True,
) -> Callable[[Callable[..., Awaitable[Any]]], LabTool]:
    """Make a function a tool. Every hint is given, so that no client has to guess.

    Args:
        title: For people.
        read_only: It changes nothing, so that clients may run it beside others.
        destructive: It ends or overwrites something.
        idempotent: Twice is the same as once.
        always_loaded: See `LabTool`.
        structured: See `LabTool`.
    """
    annotations = ToolAnnotations(
        title=title,
        read_only_hint=read_only,
        destructive_hint=destructive,
        idempotent_hint=idempotent or read_only,
        open_world_hint=False,
    )

    def decorate(function: Callable[..., Awaitable[Any]]) -> LabTool:
        return LabTool(with_tool_errors(function), title, annotations, structured, always_loaded)

    return decorate


def with_tool_errors(function: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Let what the caller can act on reach it: the SDK shows the text of a ToolError alone."""

    @wraps(function)
    async def with_errors_told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await function(*args, **kwargs)
        except LabhandError as error:
            raise ToolError(str(error)) from error
        except ValidationError as error:
            raise ToolError(_sentence(error)) from error

    return with_errors_told


def _sentence(error: ValidationError) -> str:
    faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}, got {fault['input']!r}" for fault in error.errors())
    return f"These arguments can't be used: {'; '.join(faults)}."
