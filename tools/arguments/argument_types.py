"""The types of arguments, as request models declare them."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import JsonValue


def choices_of(wanted: Any) -> list[Any]:  # noqa: ANN401 - a type
    """Return the members of a union without null, or the type itself; without annotations."""
    origin = get_origin(wanted)
    if wanted is JsonValue:
        return [JsonValue]
    if origin is Annotated:
        return choices_of(get_args(wanted)[0])
    if origin in (Union, UnionType):
        return [choice for member in get_args(wanted) for choice in choices_of(member) if choice is not NoneType]
    return [wanted]
