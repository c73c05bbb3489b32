"""A table of a TOML file, read key by key, so that all that is wrong with the file is said at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, cast

from .toml_lines import line_of

_Value = TypeVar("_Value")


class Problems:
    """What is wrong with a file, gathered so that all of it is said at once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.lines: list[str] = []

    def add(self, keys: tuple[str, ...], problem: str) -> None:
        """Note a problem of a key, with the line on which the key stands."""
        line = line_of(self._text, keys)
        self.lines.append(f"{'.'.join(keys)}{f' (line {line})' if line else ''}: {problem}")


class TomlTable:
    """A table of the file, read key by key. A value that can't be used is noted, and an empty or default one returned."""

    def __init__(self, problems: Problems, values: Mapping[str, Any], path: tuple[str, ...], keys: Mapping[str, Any]) -> None:
        self._problems = problems
        self._values = values
        self._path = path
        self._keys = keys
        self._misspelt: set[str] = set()
        for key in values:
            near = [] if key in keys else get_close_matches(key, keys, n=1, cutoff=0.75)
            if near:
                self._misspelt.add(near[0])
                self.problem(key, f"there is no such key, did you mean {near[0]}?")

    @property
    def is_in_array(self) -> bool:
        """Whether it is one of several tables `[[key]]`."""
        return len(self._path) > 1 and self._path[-1].isdecimal()

    def problem(self, key: str, text: str) -> None:
        """Note what is wrong with the value of a key."""
        self._problems.add((*self._path, key), text)

    def has(self, key: str) -> bool:
        """Whether the table has a key, or one that is nearly spelt like it."""
        return key in self._values or key in self._misspelt

    def _get(self, key: str, kind: type[_Value], description: str, default: _Value | None) -> _Value | None:
        """A value of one type; None where that is noted as a problem."""
        value: Any = self._values.get(key, default)
        if value is None:
            if key not in self._misspelt:
                self.problem(key, "is missing")
            return None
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.problem(key, f"is {value!r} and has to be {description}")
            return None
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A string; empty where that is noted as a problem."""
        value = self._get(key, str, "a string", default)
        if value == "":
            self.problem(key, "is empty")
        return value or ""

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """One of several words, of which the first is the default."""
        value = self.text(key, choices[0])
        if value and value not in choices:
            self.problem(key, f"is {value!r} and has to be one of {', '.join(choices)}")
        return value

    def flag(self, key: str) -> bool:
        """A boolean, false by default."""
        return bool(self._get(key, bool, "true or false", default=False))

    def positive(self, key: str, default: float) -> float:
        """A number above 0."""
        value = self._get(key, cast("type[float]", (int, float)), "a number", default)
        return default if value is None or self._is_refused(key, value) else float(value)

    def number(self, key: str) -> float | None:
        """A finite number; None where it is missing, or is noted as a problem."""
        if not self.has(key):
            return None
        value = self._get(key, cast("type[float]", (int, float)), "a number", None)
        if value is not None and not math.isfinite(value):
            self.problem(key, f"is {value!r} and has to be a finite number")
            return None
        return None if value is None else float(value)

    def positive_integer(self, key: str, default: int | None = None) -> int:
        """An integer above 0; 1 where that is noted as a problem."""
        value = self._get(key, int, "an integer", default)
        return 1 if value is None or self._is_refused(key, value) else value

    def _is_refused(self, key: str, value: float) -> bool:
        if 0 < value < math.inf:
            return False
        self.problem(key, f"is {value!r} and has to be a number above 0")
        return True

    def words(self, key: str, *, needed: bool = True) -> tuple[str, ...]:
        """A list of strings; empty where it is missing.

        Args:
            key: Of the list.
            needed: An absent or empty list is a problem.
        """
        values: list[Any] | None = self._get(key, list, "a list of strings", None if needed else [])
        if values is not None and not all(isinstance(value, str) for value in values):
            self.problem(key, f"is {values!r} and has to be a list of strings")
            return ()
        if needed and values == []:
            self.problem(key, "is an empty list and has to name something")
        return tuple(values or ())

    def texts(self, key: str) -> dict[str, str]:
        """A table of strings, by name; empty where it is missing. A number counts as the text that is written."""
        values: dict[str, Any] = self._get(key, dict, f'a table of strings: {key} = {{ NAME = "value" }}', {}) or {}
        for name, value in values.items():
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                self.problem(key, f"has {name} = {value!r}, and a variable has to be a string")
        return {name: str(value) for name, value in values.items()}

    def table(self, key: str, *, needed: bool = False) -> TomlTable:
        """A table within this one; empty where it is missing.

        Args:
            key: Of the table.
            needed: An absent table is a problem.
        """
        values = cast("dict[str, Any] | None", self._get(key, dict, f"a table: [{key}]", None if needed else {}))
        # What is wrong with the table as a whole is noted by now, and its keys aren't missing as well.
        problems = Problems("") if values is None else self._problems
        return TomlTable(problems, values or {}, (*self._path, key), self._keys[key])

    def tables(self, key: str) -> tuple[TomlTable, ...]:
        """The tables of an array `[[key]]`; empty where it is missing."""
        values: list[Any] = self._get(key, list, f"tables: [[{key}]]", []) or []
        if not all(isinstance(value, dict) for value in values):
            self.problem(key, f"is {values!r} and has to be tables: [[{key}]]")
            return ()
        return tuple(
            TomlTable(self._problems, value, (*self._path, key, str(place)), self._keys[key])
            for place, value in enumerate(values, 1)
        )
