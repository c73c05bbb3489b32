"""The call that a refusal suggests: the refused one, with the arguments at fault corrected."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal, cast, get_args, get_origin

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined

from ...server.schemas.messages import Request
from .argument_types import choices_of
from .reading import read_arguments

MAX_CALL_CHARACTERS = 200
"""A longer call isn't repeated as a whole: only the arguments to change are."""
MAX_SUGGESTED = 3
_TEXT = "…"
_BOUNDS = {"greater_than_equal": "ge", "less_than_equal": "le"}


def next_call(faults: Sequence[ErrorDetails], tool: str, model: type[Request], arguments: Mapping[str, Any]) -> str:
    """Return the next call in words.

    `call get_results(limit=1)` where every fault has one correction, and the call is short. Otherwise what to change:
    `call launch_experiment again with edits=[{"find": "…", "replace": "…"}]`, where `…` stands for a text.

    Args:
        faults: What is wrong with the arguments.
        tool: The name of the tool.
        model: The request model of the tool.
        arguments: The arguments of the call.
    """
    if not model.model_fields:
        return f"call {tool}()"
    corrected = _correct(faults, model, arguments)
    if corrected is not None and (whole := _whole_call(model, corrected)):
        return f"call {whole}"
    return f"call {tool} again {_changes(faults, model, arguments)}"


def _correct(faults: Sequence[ErrorDetails], model: type[Request], arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the arguments with every fault corrected; None if one has no single correction."""
    if any(len(fault["loc"]) != 1 for fault in faults):
        return None
    corrected = dict(arguments)
    unknown = [str(fault["loc"][0]) for fault in faults if fault["type"] == "extra_forbidden"]
    for name in unknown:
        meant = _meant(name, model)
        if not meant or meant in corrected:
            return None
        corrected[meant] = corrected.pop(name)
    for fault in faults:
        name = str(fault["loc"][0])
        if fault["type"] == "missing" and name not in corrected:
            return None
        if fault["type"] not in {"missing", "extra_forbidden"}:
            corrected[name] = _replacement(fault, model.model_fields[name])
            if corrected[name] is None:
                return None
    return corrected


def _whole_call(model: type[Request], corrected: dict[str, Any]) -> str:
    """Return a call as text; empty if it is too long, or still wrong."""
    try:
        call = read_arguments(model, corrected).as_call()
    except ValidationError:
        return ""
    return call if len(call) <= MAX_CALL_CHARACTERS else ""


def _changes(faults: Sequence[ErrorDetails], model: type[Request], arguments: Mapping[str, Any]) -> str:
    """Return what to change: `with hypothesis="…" and without colour`."""
    wanted: dict[str, str] = {}
    needless: list[str] = []
    for fault in faults:
        name = str(fault["loc"][0]) if fault["loc"] else ""
        field = model.model_fields.get(name)
        if field is not None:
            value = None if len(fault["loc"]) > 1 else _replacement(fault, field)
            wanted[name] = json.dumps(_example_of(field) if value is None else value, ensure_ascii=False)
        elif (meant := _meant(name, model)) and meant not in arguments:
            wanted[meant] = json.dumps(_example_of(model.model_fields[meant]), ensure_ascii=False)
        elif name:
            needless.append(name[:MAX_CALL_CHARACTERS])
    setting = ", ".join(f"{name}={value}" for name, value in list(wanted.items())[:MAX_SUGGESTED])
    dropping = ", ".join(needless[:MAX_SUGGESTED])
    return " and ".join([*([f"with {setting}"] if setting else []), *([f"without {dropping}"] if dropping else [])])


def _meant(name: str, model: type[Request]) -> str:
    """Return the argument that an unknown name most likely stands for; empty if none is near."""
    word = name[:MAX_CALL_CHARACTERS].lower()
    ends = [field for field in model.model_fields if word.endswith(f"_{field}")]  # experiment_id is id
    return next(iter([*ends, *get_close_matches(word, model.model_fields, n=1, cutoff=0.6)]), "")


def _replacement(fault: ErrorDetails, field: FieldInfo) -> object:
    """Return the nearest value that would do: the bound that was passed, or the choice that is most alike. None if none is."""
    if fault["type"] in _BOUNDS:
        return cast(object, fault.get("ctx", {}).get(_BOUNDS[fault["type"]]))
    if fault["type"] != "literal_error":
        return None
    words = [str(word) for choice in choices_of(field.annotation) if get_origin(choice) is Literal for word in get_args(choice)]
    return next(iter(get_close_matches(str(fault["input"])[:MAX_CALL_CHARACTERS].lower(), words, n=1)), None)


def _example_of(field: FieldInfo) -> Any:  # noqa: ANN401 - JSON
    """Return a value for an argument: its default, what its description names as an example, or any of its type."""
    if field.default not in (None, "", False, PydanticUndefined):
        return field.default
    named = re.match(r"Such as (\S+)", field.description or "")
    return named[1] if named and str in choices_of(field.annotation) else _example(field.annotation)


def _example(wanted: Any) -> Any:  # noqa: ANN401 - a type, and JSON
    """Return a value of a type: the shape that an argument must have, with `…` for texts."""
    choice = choices_of(wanted)[0]
    origin, inner = get_origin(choice), get_args(choice)
    if origin is list:
        return [_example(inner[0])]
    if origin is dict:
        return {"NAME": _example(inner[1])}
    if origin is Literal:
        return inner[0]
    if isinstance(choice, type) and issubclass(choice, BaseModel):
        required = {name: field for name, field in choice.model_fields.items() if field.is_required()}
        return {name: _example(field.annotation) for name, field in required.items()}
    plain: dict[Any, Any] = {int: 1, float: 1, bool: True, JsonValue: 1}
    return plain.get(choice, _TEXT)
