"""Errors in a tool's arguments, in one sentence: each argument, its value, what would do, and the next call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ...server.errors import nearest
from ...server.schemas.messages import Request
from .corrected_call import next_call

MAX_VALUE_CHARACTERS = 120
MAX_FAULTS = 5

_REASONS = {
    "literal_error": "must be one of {expected}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have at least {min_length} character{s}",
    "string_too_long": "must have at most {max_length} character{s}",
    "too_short": "must have at least {min_length} item{s}",
    "too_long": "must have at most {max_length} item{s}, and has {actual_length}",
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "finite_number": "must be a finite number",
    "string_unicode": "must be valid Unicode",
    "int_parsing_size": "is too large",
    "recursion_loop": "is nested too deeply",
}


def explain(error: ValidationError, tool: str, model: type[Request], arguments: Mapping[str, Any]) -> str:
    """Return what is wrong with the arguments of a call, and the next call, in one sentence.

    Args:
        error: What pydantic found.
        tool: The name of the tool.
        model: The request model of the tool.
        arguments: The arguments of the call, as they were validated.
    """
    found = error.errors(include_url=False)
    reasons: dict[str, list[str]] = {}
    for fault in found:
        argument = ".".join(_path(fault))[:MAX_VALUE_CHARACTERS]
        reasons.setdefault(argument, []).append(_reason(fault, argument, tool, model))
    clauses = [_joined(alternatives) for alternatives in reasons.values()]
    if len(clauses) > MAX_FAULTS:
        clauses[MAX_FAULTS:] = [f"there are {len(clauses) - MAX_FAULTS} more errors"]
    return f"{'; '.join(clauses)}: {next_call(found, tool, model, arguments)}."


def _joined(reasons: list[str]) -> str:
    """Return the reasons against one value in one clause: `gpu=3 must be a text or a list`."""
    first, *others = dict.fromkeys(reasons)
    return " or ".join([first, *(other.partition(" must be ")[2] or other for other in others)])


_UNION_MEMBER = re.compile(
    r"str|int|float|bool|constrained-\w+|(list|dict|nullable|function-\w+|json-or-python)\[.*", re.DOTALL
)
"""What pydantic adds to the place of an error inside of a union: the member that it tried."""


def _path(fault: ErrorDetails) -> list[str]:
    """Return the names of arguments and keys, and positions in lists, that lead to the value; without members of unions."""
    return [str(part) for part in fault["loc"] if isinstance(part, int) or not _UNION_MEMBER.fullmatch(part)]


def _reason(fault: ErrorDetails, argument: str, tool: str, model: type[Request]) -> str:
    if fault["type"] == "missing":
        field = model.model_fields.get(argument)
        return f"the argument {argument} is missing{f' ({field.description})' if field else ''}"
    if fault["type"] == "extra_forbidden":
        place, _, key = argument.rpartition(".")
        known = nearest(key, _keys(fault, model), "keys" if place else "arguments")
        where = f"{place} has no key" if place else f"{tool} has no argument"
        return f"{where} {key!r} ({known[0].lower()}{known[1:]})"
    value = repr(fault["input"])
    if len(value) > MAX_VALUE_CHARACTERS:
        value = f"{value[:MAX_VALUE_CHARACTERS]}…"
    template = _REASONS.get(fault["type"])
    limits = {name: f"{limit:g}" if isinstance(limit, float) else limit for name, limit in fault.get("ctx", {}).items()}
    plural = "" if 1 in (limits.get("min_length"), limits.get("max_length")) else "s"
    reason = template.format(**limits, s=plural) if template else "has a value that can't be used"
    return f"{argument}={value} {reason}"


def _keys(fault: ErrorDetails, model: type[BaseModel]) -> list[str]:
    """The keys that the object with the unknown key takes."""
    place = model
    for part in fault["loc"][:-1]:
        field = place.model_fields.get(str(part))
        if field is not None:
            place = next((kind for kind in _models(field.annotation)), place)
    return list(place.model_fields)


def _models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]
