"""Knobs: module-level constants in capitals with a literal value, found by parsing and rewritten in place."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from pydantic import JsonValue

from ..errors import BadInputError, nearest
from .literals import BYTE_ORDER_MARK, UNPARSABLE, Value, evaluate, fit, write
from .trainer_folder import Source, Trainer

_CAPITALS = re.compile(r"[A-Z][A-Z0-9_]*")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
"""A line as Python counts them; `str.splitlines` also ends one at a form feed."""


@dataclass(frozen=True, slots=True)
class KnobInfo:
    """A knob as a file sets it.

    Attributes:
        value: The value of its expression.
        line: Line of the assignment, from 1.
        text: The expression as written.
        start: Position of the expression in the file, in characters.
    """

    value: Value
    line: int
    text: str
    start: int


def find_knobs(text: str) -> dict[str, KnobInfo]:
    """Returns the knobs of a file, in order; empty if the file can't be parsed.

    A name that the module binds more than once is not a knob, because changing one of the assignments might have no effect.
    """
    marked, text = text, text.removeprefix(BYTE_ORDER_MARK)
    skipped = len(marked) - len(text)
    try:
        module = ast.parse(text)
        bound = Counter(_bound(module))
    except UNPARSABLE:
        return {}
    lines = _LINE.findall(text)
    offsets = [0, *accumulate(len(line) for line in lines)]

    def place(line: int, column: int) -> int:
        """Position in characters; `ast` counts columns in bytes of UTF-8."""
        return offsets[line - 1] + len(lines[line - 1].encode()[:column].decode())

    knobs: dict[str, KnobInfo] = {}
    for name, node in _assigned(module):
        if bound[name] == 1 and _CAPITALS.fullmatch(name):
            try:
                value = evaluate(node)
            except (ValueError, RecursionError):
                continue  # not an expression of literals
            start = place(node.lineno, node.col_offset)
            stop = place(node.end_lineno or node.lineno, node.end_col_offset or 0)
            knobs[name] = KnobInfo(value, node.lineno, text[start:stop], skipped + start)
    return knobs


def override(text: str, values: Mapping[str, JsonValue]) -> str:
    """Returns the file with knobs set, and with every other character unchanged.

    Raises:
        BadInputError: A knob is unknown, or a value doesn't fit its type.
    """
    return KnobFile(text).render(values)


class KnobFile:
    """A file that is parsed once and rendered many times.

    Attributes:
        text: The file's text.
        name: The file's name, for errors.
        knobs: The knobs that can be set in it.
    """

    def __init__(self, text: str, name: str = "the source") -> None:
        self.text = text
        self.name = name
        self.knobs = find_knobs(text)

    def settle(self, values: Mapping[str, JsonValue]) -> dict[str, KnobInfo]:
        """Returns the knobs that these values change, with their new value and text.

        Equal values are written in the same way, whatever form they were given in, so equal settings give equal sources.

        Raises:
            BadInputError: A knob is unknown, or a value doesn't fit its type.
        """
        settled: dict[str, KnobInfo] = {}
        for name, given in values.items():
            if name not in self.knobs:
                raise _unknown(name, [self])
            knob = self.knobs[name]
            try:
                value = fit(given, knob.value)
            except (ValueError, RecursionError) as error:
                raise BadInputError(
                    f"{name} = {knob.text} ({self.name}, line {knob.line}) can't become {given!r:.200}: {error}",
                    f"Give a value of type {type(knob.value).__name__}, or change the line itself with an edit",
                ) from error
            if repr(value) != repr(knob.value):
                settled[name] = KnobInfo(value, knob.line, write(value, knob.text), knob.start)
        return settled

    def render(self, values: Mapping[str, JsonValue]) -> str:
        """Returns the file with these knobs set.

        Raises:
            BadInputError: A knob is unknown, or a value doesn't fit its type.
        """
        return self.fill({name: knob.text for name, knob in self.settle(values).items()})

    def fill(self, texts: Mapping[str, str]) -> str:
        """Returns the file with these expressions in place of the knobs' expressions."""
        pieces: list[str] = []
        done = 0
        for name, knob in self.knobs.items():
            if name in texts:
                pieces += self.text[done : knob.start], texts[name]
                done = knob.start + len(knob.text)
        return "".join([*pieces, self.text[done:]])


class Knobs:
    """The knobs of a source's editable files, parsed once. The cells of a grid are rendered from it."""

    def __init__(self, source: Source, trainer: Trainer) -> None:
        self._source = source
        self._files = {
            path: KnobFile(data.decode("utf-8", "replace"), path)
            for path, data in source.items()
            if path.endswith(".py") and trainer.is_editable(path)
        }
        self._homes: dict[str, list[str]] = {}
        for path, file in self._files.items():
            for name in file.knobs:
                self._homes.setdefault(name, []).append(path)

    @property
    def infos(self) -> dict[str, KnobInfo]:
        """Every knob. A name that two files set is not a knob."""
        return {name: self._files[homes[0]].knobs[name] for name, homes in self._homes.items() if len(homes) == 1}

    @property
    def values(self) -> dict[str, Value]:
        """Every knob's value."""
        return {name: knob.value for name, knob in self.infos.items()}

    def settle(self, values: Mapping[str, JsonValue]) -> dict[str, KnobInfo]:
        """Returns the knobs that these values change, with their new value and text.

        Raises:
            BadInputError: A knob is unknown or in several files, or a value doesn't fit its type.
        """
        return {
            name: knob for path, mine in self._by_file(values).items() for name, knob in self._files[path].settle(mine).items()
        }

    def override(self, values: Mapping[str, JsonValue]) -> Source:
        """Returns the source with these knobs set. Unchanged files are the same objects.

        Raises:
            BadInputError: A knob is unknown or in several files, or a value doesn't fit its type.
        """
        changed = {path: self._files[path].render(mine).encode() for path, mine in self._by_file(values).items()}
        return {**self._source, **changed}

    def describe(self, values: Mapping[str, JsonValue]) -> str:
        """Returns what setting these knobs changes: `DEPTH 4→6, MATRIX_LR 0.02→0.04`.

        Raises:
            BadInputError: A knob is unknown or in several files, or a value doesn't fit its type.
        """
        return knob_words(self.infos, self.settle(values))

    def _by_file(self, values: Mapping[str, JsonValue]) -> dict[str, dict[str, JsonValue]]:
        by_file: dict[str, dict[str, JsonValue]] = {}
        for name, value in values.items():
            by_file.setdefault(self._home(name), {})[name] = value
        return by_file

    def _home(self, name: str) -> str:
        match self._homes.get(name, []):
            case [home]:
                return home
            case []:
                raise _unknown(name, list(self._files.values()))
            case homes:
                raise BadInputError(
                    f"{name} is a knob of several files: {', '.join(homes)}", "Set it with an edit in one of them"
                )


def knob_words(before: Mapping[str, KnobInfo], after: Mapping[str, KnobInfo]) -> str:
    """Returns how the knobs that both have differ: `DEPTH 4→6, MATRIX_LR 0.02→0.04`."""
    return ", ".join(
        f"{name} {before[name].text}→{knob.text}"
        for name, knob in after.items()
        if name in before and repr(before[name].value) != repr(knob.value)
    )


def _unknown(name: str, files: Sequence[KnobFile]) -> BadInputError:
    sets = re.compile(rf"\s*{re.escape(name)}\s*[:=]")
    places = [
        f"{file.name}:{number}" for file in files for number, line in enumerate(file.text.split("\n"), 1) if sets.match(line)
    ]
    if places:
        return BadInputError(
            f"{name} is not a knob, see {', '.join(places[:5])}: a knob is set once, at module level, to a literal value",
            "Change it with an edit",
        )
    names = [knob for file in files for knob in file.knobs]
    searched = ", ".join(file.name for file in files) or "the editable files"
    return BadInputError(f"There is no knob {name} in {searched}", nearest(name, names, "knobs"))


def _assigned(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """The names to which a top-level statement of the module assigns, with the assigned expression."""
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=node):
                yield name, node
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as node):
                yield name, node
            case _:
                pass


def _bound(node: ast.AST) -> Iterator[str]:
    """Names bound in the scope of the module, once for each binding."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Lambda():
                pass
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.alias(name=name, asname=alias):
                yield alias or name
            case _:
                yield from _bound(child)
