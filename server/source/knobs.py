"""Knobs: the values that a file sets in one place, found by parsing and rewritten in place.

A Python file sets them as constants, options, fields and parameters (`python_knobs`), a configuration file as values
(`config_knobs`). `KnobFile` knows those of a file, `source_knobs.Knobs` those of a source.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

from pydantic import JsonValue

from ..errors import BadInputError, nearest
from . import literals
from .knob_kinds.config_knobs import config_values, syntax_of, write_config
from .knob_kinds.knob_places import explain
from .knob_kinds.python_knobs import changed_names, is_version, settings_of
from .literals import UNPARSABLE, Value, evaluate, fit

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
"""A line as Python counts them; `str.splitlines` also ends one at a form feed."""
MAX_NAMED = 8
"""Number of files, knobs or places that an error names."""


@dataclass(frozen=True, slots=True)
class KnobInfo:
    """A knob as a file sets it.

    Attributes:
        value: The value of its expression.
        line: Line of the expression's beginning, from 1.
        text: The expression as written.
        start: Position of the expression in the file, in characters.
        kind: What sets it: `constant`, `option --lr`, `field of GPTConfig`, `parameter of main`, `value`.
    """

    value: Value
    line: int
    text: str
    start: int
    kind: str = "constant"


@lru_cache(maxsize=64)
def find_knobs(text: str, path: str = "train.py") -> Mapping[str, KnobInfo]:
    """Returns the knobs of a file by full name, in order; empty if the file can't be parsed, or is of a kind that has none.

    A name that the file sets more than once is not a knob, because changing one of the places might have no effect. A constant
    in capitals keeps its name beside an option of that name.
    """
    pairs = list(_python(text) if path.endswith(".py") else _config(path, text))
    knobs: dict[str, KnobInfo] = {}
    repeated: set[str] = set()
    for name, knob in pairs:
        if name in knobs:
            repeated.add(name)
        if name not in knobs or keeps_name(name, knob):
            knobs[name] = knob
    dropped = {name for name in repeated if not keeps_name(name, knobs[name])}
    return dict(sorted(((n, k) for n, k in knobs.items() if n not in dropped), key=lambda pair: pair[1].start))


def has_knobs(path: str) -> bool:
    """Whether files of this name may have knobs."""
    return path.endswith(".py") or bool(syntax_of(path))


def override(text: str, values: Mapping[str, JsonValue]) -> str:
    """Returns the Python file with knobs set, and with every other character unchanged.

    Raises:
        BadInputError: A knob is unknown, or a value doesn't fit its type.
    """
    return KnobFile(text).render(values)


class KnobFile:
    """A file that is parsed once and rendered many times.

    Attributes:
        text: The file's text.
        name: The file's path; its suffix decides how it is parsed. "the source" for a Python file without a path.
        knobs: The knobs that can be set in it, by full name.
    """

    def __init__(self, text: str, name: str = "the source") -> None:
        self.text = text
        self.name = name
        self.syntax = syntax_of(name)
        self.knobs = find_knobs(text, name if has_knobs(name) else "train.py")

    def settle(self, values: Mapping[str, JsonValue]) -> dict[str, KnobInfo]:
        """Returns the knobs that these values change, with their new value and text.

        Equal values are written in the same way, whatever form they were given in, so equal settings give equal sources.

        Raises:
            BadInputError: A knob is unknown, or a value doesn't fit its type.
        """
        settled: dict[str, KnobInfo] = {}
        for name, given in values.items():
            if name not in self.knobs:
                raise unknown_knob(name, {self.name: self.text}, self.knobs)
            knob = self.knobs[name]
            try:
                value = fit(given, knob.value)
                text = self._write(value, knob)
            except (ValueError, RecursionError) as error:
                raise BadInputError(
                    f"{name} = {knob.text} ({self.name}, line {knob.line}) can't become {given!r:.200}: {error}",
                    f"Give a value of type {type(knob.value).__name__}, or change the line itself with an edit",
                ) from error
            if repr(value) != repr(knob.value):
                settled[name] = replace(knob, value=value, text=text)
        return settled

    def render(self, values: Mapping[str, JsonValue]) -> str:
        """Returns the file with these knobs set.

        Raises:
            BadInputError: A knob is unknown, or a value doesn't fit its type.
        """
        settled = self.settle(values)
        text = self.fill({name: knob.text for name, knob in settled.items()})
        if self.syntax and settled:
            expected = {name: settled.get(name, knob).value for name, knob in self.knobs.items()}
            if {name: knob.value for name, knob in find_knobs(text, self.name).items()} != expected:
                raise BadInputError(
                    f"{', '.join(settled)} can't be set in {self.name}: the file would mean something else",
                    "Change the line itself with an edit",
                )
        return text

    def fill(self, texts: Mapping[str, str]) -> str:
        """Returns the file with these expressions in place of the knobs' expressions."""
        pieces: list[str] = []
        done = 0
        for name, knob in self.knobs.items():
            if name in texts:
                pieces += self.text[done : knob.start], texts[name]
                done = knob.start + len(knob.text)
        return "".join([*pieces, self.text[done:]])

    def _write(self, value: Value, knob: KnobInfo) -> str:
        return write_config(self.syntax, value, knob.text) if self.syntax else literals.write(value, knob.text)


def knob_words(before: Mapping[str, KnobInfo], after: Mapping[str, KnobInfo]) -> str:
    """Returns how the knobs that both have differ: `DEPTH 4→6, MATRIX_LR 0.02→0.04`."""
    return ", ".join(
        f"{name} {before[name].text}→{knob.text}"
        for name, knob in after.items()
        if name in before and repr(before[name].value) != repr(knob.value)
    )


def unknown_knob(
    name: str, texts: Mapping[str, str], knobs: Mapping[str, KnobInfo], others: Mapping[str, str] | None = None
) -> BadInputError:
    """Returns the refusal of a name that stands for no knob; `others` are the files that experiments may not change."""
    inner = name.rpartition(":")[2]
    places = [place for path, text in texts.items() for place in explain(path, text, inner)]
    if places:
        return BadInputError(f"{name} is not a knob: it stands in {listed(places, '; in ')}", "Change it with an edit")
    protected = [place for path, text in (others or {}).items() for place in explain(path, text, inner)]
    if protected:
        return BadInputError(
            f"{name} is not a knob: it stands in {listed(protected, '; in ')}, and experiments may not change that file",
            nearest(name, knobs, "knobs", "Set another one"),
        )
    searched = ", ".join(texts) if 0 < len(texts) <= MAX_NAMED else "the editable files"
    then = "" if knobs else "Change the source with edits"
    return BadInputError(f"There is no knob {name} in {searched}", nearest(name, knobs, "knobs", then))


def listed(words: Sequence[str], between: str) -> str:
    """Returns the first of these words, and how many more there are."""
    others = len(words) - MAX_NAMED
    return between.join(words[:MAX_NAMED]) + (f", and {others} more" if others > 0 else "")


def keeps_name(name: str, knob: KnobInfo) -> bool:
    """Whether it is a constant in capitals, whose short name is never given to another knob."""
    return knob.kind == "constant" and name.isupper()


def _config(path: str, text: str) -> Iterator[tuple[str, KnobInfo]]:
    for found in config_values(path, text) if syntax_of(path) else ():
        line = text.count("\n", 0, found.start) + 1
        yield found.name, KnobInfo(found.value, line, text[found.start : found.stop], found.start, "value")


def _python(text: str) -> Iterator[tuple[str, KnobInfo]]:
    try:
        module = ast.parse(text)
        changed = changed_names(module)
        settings = settings_of(module)
    except UNPARSABLE:
        return
    lines = _LINE.findall(text)
    offsets = [0, *accumulate(len(line) for line in lines)]

    def place(line: int, column: int) -> int:
        """Position in characters; `ast` counts columns in bytes of UTF-8."""
        return offsets[line - 1] + len(lines[line - 1].encode()[:column].decode())

    for setting in settings:
        node = setting.node
        if is_version(setting) or setting.variable in changed:
            continue
        try:
            value = evaluate(node)
        except (ValueError, RecursionError):
            continue  # not an expression of literals
        if setting.is_float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        start = place(node.lineno, node.col_offset)
        stop = place(node.end_lineno or node.lineno, node.end_col_offset or 0)
        yield setting.name, KnobInfo(value, node.lineno, text[start:stop], start, setting.kind)
