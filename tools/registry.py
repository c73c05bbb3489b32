"""How a function becomes a tool: its arguments are the fields of its request model, its errors become text here.

A tool is `async def name(ctx, request) -> Answer`. Clients see the request's fields as the tool's arguments, and the function's
docstring as its description.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from inspect import getdoc
from typing import Any, get_type_hints

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.types import ToolAnnotations
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from typing_extensions import override

from ..server.errors import LabhandError
from ..server.schemas.messages import Request
from .argument_errors import explain
from .lab_context import LabContext, refuse_if_read_only

JsonSchema = dict[str, Any]
NULL: JsonSchema = {"type": "null"}


class NoArguments(Request):
    """The request of a tool without arguments."""


@dataclass(frozen=True)
class LabTool:
    """A tool, ready to be added to a server.

    Attributes:
        function: Takes the call's context, and the request where the tool has arguments.
        structured: The answer is data with a schema; otherwise it is plain text.
        always_loaded: Clients that load tools on demand are asked to load this one at once.
    """

    function: Callable[..., Awaitable[Any]]
    title: str
    annotations: ToolAnnotations
    structured: bool
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

    def build(self) -> Tool:
        """Return the tool as the SDK registers it."""
        return Tool(
            fn=self._call,
            name=self.name,
            title=self.title,
            description=self.description,
            parameters=input_schema(self.request),
            fn_metadata=UncheckedArguments(
                arg_model=ArgModelBase, output_model=self.types["return"] if self.structured else None
            ),
            is_async=True,
            context_kwarg="ctx",
            annotations=self.annotations,
            meta={"anthropic/alwaysLoad": True} if self.always_loaded else None,
        )

    async def _call(self, ctx: LabContext, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - as the tool answers
        """Run the tool. The SDK shows a client the text of a ToolError only."""
        try:
            if not self.read_only:
                refuse_if_read_only(ctx, self.name)
            request = read_arguments(self.request, arguments)
            return await (self.function(ctx, request) if "request" in self.types else self.function(ctx))
        except LabhandError as error:
            raise ToolError(str(error)) from error
        except ValidationError as error:
            raise ToolError(explain(error, self.request)) from error


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
    structured: bool = True,
) -> Callable[[Callable[..., Awaitable[Any]]], LabTool]:
    """Make a function a tool. Every hint is set, so that no client has to guess.

    Args:
        title: The tool's title for people.
        read_only: The tool changes nothing, so that clients may run it beside others.
        destructive: The tool ends or overwrites something.
        idempotent: A second call changes nothing more.
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
        return LabTool(function, title, annotations, structured, always_loaded)

    return decorate


def input_schema(request: type[Request]) -> JsonSchema:
    """Return the JSON schema of a tool's arguments: those of a request, side by side, the required ones first.

    Arguments whose default is an empty list or object may also be null: agents send null for what they leave out.
    """
    schema = request.model_json_schema()
    properties: JsonSchema = schema.get("properties", {})
    for name, field in request.model_fields.items():
        if field.default_factory is not None:
            properties[name] = _nullable(properties[name])
    required = schema.get("required", [])
    schema["properties"] = {name: properties[name] for name in sorted(properties, key=lambda name: name not in required)}
    schema.pop("description", None)
    schema.pop("title", None)
    return schema


def _nullable(schema: JsonSchema) -> JsonSchema:
    about = {key: schema[key] for key in ("title", "description") if key in schema}
    content = {key: value for key, value in schema.items() if key not in about}
    return {"anyOf": [content, NULL], "default": None} | about


def read_arguments(request: type[Request], arguments: dict[str, Any]) -> Request:
    """Return the request of a call.

    Raises:
        ValidationError: An argument is missing, unknown or has a wrong value.
    """
    fields = request.model_fields
    given = {name: _decoded(value, fields.get(name)) for name, value in arguments.items()}
    return request.model_validate(
        {name: value for name, value in given.items() if value is not None or not _may_be_left_out(fields.get(name))}
    )


def _may_be_left_out(field: FieldInfo | None) -> bool:
    return field is not None and field.default_factory is not None


def _decoded(value: object, field: FieldInfo | None) -> object:
    """Return a list or object that a client sent as JSON text, as some clients do; everything else as it is."""
    if not isinstance(value, str) or field is None or field.annotation is str:
        return value
    try:
        decoded: object = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return value if isinstance(decoded, (str, int, float)) else decoded
