"""JSON objects in files that an experiment, or another version of labhand, may have written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

MAX_DEPTH = 20
"""Tables and lists inside of one another."""


class JsonError(ValueError):
    """A content isn't a JSON object as it has to be; the text says why."""


def decode(content: bytes | None) -> Mapping[str, Any] | None:
    """The JSON object in a file; None if there is none."""
    try:
        return None if content is None else decode_strictly(content)
    except JsonError:
        return None


def decode_strictly(content: bytes) -> Mapping[str, Any]:
    """The JSON object in a file.

    Raises:
        JsonError: It isn't JSON, isn't an object, is nested too deeply, or has a key twice.
    """
    try:
        value: object = json.loads(content, object_pairs_hook=_without_duplicates)
    except RecursionError:
        raise JsonError(f"it is nested more than {MAX_DEPTH} levels deep") from None
    except JsonError:
        raise
    except ValueError as error:
        raise JsonError(f"it is no JSON: {error}") from None
    check_depth(value)
    if not isinstance(value, dict):
        raise JsonError(f"it is {type(value).__name__} and has to be an object")
    return cast("Mapping[str, Any]", value)


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in table if keys.count(key) > 1)
        raise JsonError(f"it has the key {twice[:100]!r} twice")
    return table


def check_depth(value: object) -> None:
    """Raise JsonError for a value that is nested too deeply, which even `repr` can't cope with."""
    level: list[object] = [value]
    for _ in range(MAX_DEPTH + 1):
        inner = (_parts(part) for part in level)
        level = [part for parts in inner for part in parts]
        if not level:
            return
    raise JsonError(f"it is nested more than {MAX_DEPTH} levels deep")


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[object, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list | tuple) else ()
