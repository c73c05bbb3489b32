"""The JSON schema of a tool's arguments, in the part of JSON schema that every client understands.

Clients pass schemas on to models whose APIs know only a part of JSON schema: some drop `$ref`, some refuse `anyOf` with null, a
list of types or a value without a type. So definitions are written in place, an argument that may be left out isn't required
instead of being nullable, and every value has one type. Bounds of lengths are left out: a call that passes one is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...server.schemas.messages import Request

JsonSchema = dict[str, Any]
LITERAL: JsonSchema = {"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "boolean"}]}
"""Any value of a knob. A list or a tuple can be written as an expression in a text."""
_KEPT = ("description", "enum", "minimum", "maximum", "default", "required")
_EVIDENT: Mapping[str, Sequence[object]] = {"minimum": (0, 1), "default": (False, "")}
"""Values that go without saying. As every model reads every schema, each word has to tell it something."""


def input_schema(request: type[Request]) -> JsonSchema:
    """Return the JSON schema of a tool's arguments: those of a request, side by side, the required ones first."""
    schema = request.model_json_schema()
    properties = _properties(schema, schema.get("$defs", {}))
    required: list[str] = schema.get("required", [])
    ordered = sorted(properties, key=lambda name: name not in required)
    flat: JsonSchema = {"type": "object", "properties": {name: properties[name] for name in ordered}}
    return flat | ({"required": required} if required else {}) | {"additionalProperties": False}


def _properties(schema: JsonSchema, definitions: Mapping[str, JsonSchema]) -> JsonSchema:
    return {name: _flat(value, definitions) for name, value in schema.get("properties", {}).items()}


def _flat(schema: JsonSchema, definitions: Mapping[str, JsonSchema]) -> JsonSchema:
    """Return a schema with its definitions in place, without null, and with a type."""
    about = {
        name: value
        for name, value in schema.items()
        if name in _KEPT and value is not None and value not in _EVIDENT.get(name, ())
    }
    if "$ref" in schema:
        definition = _flat(definitions[schema["$ref"].rpartition("/")[2]], definitions)
        definition.pop("description", None)  # for readers of the code
        return definition | about
    if "const" in schema:
        return {"type": "string", "enum": [schema["const"]]} | about
    if "anyOf" in schema:
        choices = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
        # A lone value is taken as a list of one: what may be either is shown as the list.
        lists = [choice for choice in choices if choice.get("type") == "array"]
        return _flat((lists or choices)[0], definitions) | about
    if schema.get("type") == "array":
        items = _flat(schema["items"], definitions)
        return {"type": "array", "items": _undescribed(items) if "described" in schema else items} | about
    if schema.get("type") == "object":
        return {"type": "object"} | _content(schema, definitions) | about
    return {"type": schema["type"]} | about if "type" in schema else LITERAL | about


def _content(schema: JsonSchema, definitions: Mapping[str, JsonSchema]) -> JsonSchema:
    """Return what an object holds: named properties, or any names with values of one kind."""
    if "properties" in schema:
        return {"properties": _properties(schema, definitions)}
    values = schema.get("additionalProperties", True)
    flat = values if isinstance(values, bool) else _flat(values, definitions)
    # That a knob may have any value says nothing, and several programming interfaces of models drop it.
    return {} if flat in (True, LITERAL) else {"additionalProperties": flat}


def _undescribed(schema: JsonSchema) -> JsonSchema:
    """Return the schema of an object whose members another tool has, with the descriptions there."""
    return {
        name: {member: _undescribed(part) for member, part in value.items()}
        if name == "properties"
        else _undescribed(value)
        if name == "items"
        else value
        for name, value in schema.items()
        if name != "description"
    }
