"""Knobs: module-level constants in capitals with a literal value, found by parsing and rewritten in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import JsonValue

Value: TypeAlias = "bool | int | float | str | tuple[Value, ...] | list[Value] | dict[str, Value] | None"


@dataclass(frozen=True, slots=True)
class KnobInfo:
    """A knob as a file sets it.

    Attributes:
        value: What its expression comes to.
        line: Where it is set, 1-based.
        text: The expression as written.
    """

    value: Value
    line: int
    text: str


def find_knobs(text: str) -> dict[str, KnobInfo]:
    """The knobs of a file, in order. A name that is bound more than once is none: what it is depends on what runs."""
    raise NotImplementedError


def override(text: str, values: Mapping[str, JsonValue]) -> str:
    """Set knobs in a file, leaving every other character alone.

    Raises:
        BadInputError: A knob is unknown, or a value can't be of its type.
    """
    return KnobFile(text).render(values)


class KnobFile:
    """A file parsed once and rendered many times."""

    def __init__(self, text: str, name: str = "train.py") -> None:
        self.text = text
        self.name = name
        self.knobs = find_knobs(text)

    def render(self, values: Mapping[str, JsonValue]) -> str:
        """The file with these knobs set."""
        raise NotImplementedError
