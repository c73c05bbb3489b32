"""Reads a call's arguments as models and clients send them.

Some clients send lists and objects as JSON in a text, a lone value where a list is wanted, null or an empty text for what they
leave out, choices in capitals, and numbers as text. All of it is read by the type that the request declares: JSON is decoded
where a list or an object is wanted, and a text stays a text where a text is wanted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast, get_args, get_origin

from pydantic import BaseModel, JsonValue
from pydantic.fields import FieldInfo

from ...server.schemas.messages import Request
from .argument_types import choices_of

_NULLS = frozenset({"null", "none"})
"""Texts that stand for null where no text is wanted."""


def read_arguments(request: type[Request], arguments: Mapping[str, Any]) -> Request:
    """Return the request of a call.

    Raises:
        ValidationError: An argument is missing, unknown or has a wrong value.
    """
    return request.model_validate(read_values(request, arguments))


def read_values(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a model's fields as their types want them, without those that stand for a field left out."""
    read: dict[str, Any] = {}
    for name, value in values.items():
        field = model.model_fields.get(name)
        if field is None or not _is_left_out(field, value):
            read[name] = value if field is None else _read(field.annotation, value)
    return read


def _is_left_out(field: FieldInfo, value: object) -> bool:
    """Return whether a value stands for an argument that is left out: null, or an empty text."""
    if field.is_required():
        return False
    if not isinstance(value, str):
        return value is None
    word = value.strip().casefold()
    return not word or (word in _NULLS and not _wants_text(field.annotation))


def _read(wanted: Any, value: Any) -> Any:  # noqa: ANN401 - a type, and JSON
    """Return a value as a type wants it. What doesn't fit is returned as it is, for the validation to refuse."""
    choices = choices_of(wanted)
    if value is None or JsonValue in choices:
        return value
    if str in choices:
        if isinstance(value, list) and not any(get_origin(choice) is list for choice in choices):
            value = _only_member(cast(Sequence[Any], value))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)
        if isinstance(value, str) and _json(value, list) is None:
            return value
    return _read_content(choices, value)


def _only_member(values: Sequence[Any]) -> Any:  # noqa: ANN401 - JSON
    """Return the value of a list of one, which some models send where one text is wanted; otherwise the list."""
    return values[0] if len(values) == 1 else values


def _read_content(choices: Sequence[Any], value: Any) -> Any:  # noqa: ANN401
    """Return a value as the first of the types wants it that is a list, an object or a choice of words."""
    for choice in choices:
        if get_origin(choice) is list:
            return _read_list(get_args(choice)[0], value)
        if get_origin(choice) is dict:
            return _read_object(get_args(choice)[1], value)
        if get_origin(choice) is Literal:
            return _read_choice(get_args(choice), value)
        if isinstance(choice, type) and issubclass(choice, BaseModel):
            return _read_model(choice, value)
    return value


def _read_list(item: Any, value: Any) -> Any:  # noqa: ANN401
    """Return a list: decoded from JSON in a text, or of one where a lone value was sent."""
    members: Sequence[Any]
    if isinstance(value, str):
        decoded = _json(value, list)
        members = _lone(item, value) if decoded is None else decoded
    elif isinstance(value, list):
        members = cast(Sequence[Any], value)
    elif _wants_object(item) or not isinstance(value, dict):
        members = [value]
    else:
        return cast(object, value)
    return [_read(item, member) for member in members]


def _lone(item: Any, text: str) -> list[Any]:  # noqa: ANN401
    """Return the members that a text stands for: an object in JSON, numbers between commas, or the text itself."""
    if _wants_object(item):
        decoded = _json(text, dict)
        return [text if decoded is None else decoded]
    return [text] if _wants_text(item) or JsonValue in choices_of(item) else text.split(",")


def _read_object(item: Any, value: Any) -> Any:  # noqa: ANN401
    decoded = _json(value, dict) if isinstance(value, str) else value
    if not isinstance(decoded, dict):
        return value
    return {name: _read(item, member) for name, member in cast(dict[str, Any], decoded).items()}


def _read_model(model: type[BaseModel], value: Any) -> Any:  # noqa: ANN401
    decoded = _json(value, dict) if isinstance(value, str) else value
    return read_values(model, cast(dict[str, Any], decoded)) if isinstance(decoded, dict) else value


def _read_choice(choices: tuple[object, ...], value: object) -> object:
    """Return the choice that a text names: in upper or lower case, with hyphens or spaces instead of underscores."""
    if isinstance(value, str):
        word = value.strip().casefold().replace("-", "_").replace(" ", "_")
        return next((choice for choice in choices if str(choice).casefold() == word), value)
    return value


def _wants_text(wanted: Any) -> bool:  # noqa: ANN401
    return str in choices_of(wanted)


def _wants_object(wanted: Any) -> bool:  # noqa: ANN401
    kinds = [get_origin(choice) or choice for choice in choices_of(wanted)]
    return any(kind is dict or (isinstance(kind, type) and issubclass(kind, BaseModel)) for kind in kinds)


def _json(text: str, kind: type) -> Any:  # noqa: ANN401
    """Return what a text holds as JSON if it is of this kind; otherwise None."""
    if text.strip()[:1] not in ("[", "{"):
        return None
    try:
        decoded: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return decoded if isinstance(decoded, kind) else None
