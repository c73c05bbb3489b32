"""Knobs: the values that a source sets in one place, found by parsing and rewritten in place.

A Python file sets them as constants, options, fields and parameters (`python_knobs`), a configuration file as values
(`config_knobs`). `KnobFile` knows those of a file, `Knobs` those of a source, and what a short name stands for.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

from pydantic import JsonValue

from ..errors import BadInputError, nearest
from . import literals
from .knob_kinds.config_knobs import config_values, group_of, syntax_of, write_config
from .knob_kinds.knob_places import explain
from .knob_kinds.python_knobs import changed_names, is_version, settings_of
from .literals import UNPARSABLE, Value, evaluate, fit
from .source_text import decode, encode, show
from .trainer_folder import Source, Trainer

MAX_NAMED = 8
"""Number of places that an error lists."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
"""A line as Python counts them; `str.splitlines` also ends one at a form feed."""


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
        if name not in knobs or _keeps_name(name, knob):
            knobs[name] = knob
    dropped = {name for name in repeated if not _keeps_name(name, knobs[name])}
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
                raise _unknown(name, {self.name: self.text}, self.knobs)
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


class Knobs:
    """The knobs of a source's editable files, parsed once. The cells of a grid are rendered from it.

    A knob's name is its full name in its file, `DEPTH` or `optimizer.lr`; if several files have that name, with the file before
    it: `train.py:LEARNING_RATE`. Wherever a knob is named, the end of its name is enough if no other knob's name ends like it.
    """

    def __init__(self, source: Source, trainer: Trainer) -> None:
        self._source = source
        self._command = trainer.file.command
        self._unreadable: dict[str, BadInputError] = {}
        self._files: dict[str, KnobFile] = {}
        for path, data in source.items():
            if has_knobs(path) and trainer.is_editable(path):
                try:
                    self._files[path] = KnobFile(decode(path, data), path)
                except BadInputError as error:
                    self._unreadable[path] = error
        self._homes = dict(self._name_knobs())

    @property
    def infos(self) -> dict[str, KnobInfo]:
        """Every knob."""
        return {name: self._files[path].knobs[inner] for name, (path, inner) in self._homes.items()}

    @property
    def values(self) -> dict[str, Value]:
        """Every knob's value."""
        return {name: knob.value for name, knob in self.infos.items()}

    def of_file(self, path: str) -> dict[str, KnobInfo]:
        """Returns the knobs of a file."""
        return {name: self._files[home].knobs[inner] for name, (home, inner) in self._homes.items() if home == path}

    def place(self, name: str) -> tuple[str, KnobInfo]:
        """Returns the file that sets a knob, and how."""
        path, inner = self._homes[name]
        return path, self._files[path].knobs[inner]

    def full_name(self, name: str) -> str:
        """Returns the name of the knob that a name stands for: `lr` may stand for `optimizer.lr`.

        Raises:
            BadInputError: It stands for none, or for several; the error names them with their places.
        """
        matches = self.stands_for(name)
        if len(matches) == 1:
            return matches[0]
        if not matches:
            raise self._unknown(name)
        places = [f"{match} ({self._place(match)})" for match in matches[:MAX_NAMED]]
        more = f" and {len(matches) - MAX_NAMED} more" if len(matches) > MAX_NAMED else ""
        raise BadInputError(
            f"{name} is a knob in {len(matches)} places: {', '.join(places)}{more}", f"Use a full name, such as {matches[0]}"
        )

    def stands_for(self, name: str) -> list[str]:
        """Returns the knobs for which a name may stand: one, none, or several if it is ambiguous."""
        return [name] if name in self._homes else self._matches(name)

    def full_names(self, values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Returns the values by the knobs' own names.

        Raises:
            BadInputError: A name stands for no knob or for several, or two names stand for the same.
        """
        named: dict[str, JsonValue] = {}
        for name, value in values.items():
            if (full := self.full_name(name)) in named:
                raise BadInputError(f"{full} is set twice, once as {name}", "Set a knob in one place")
            named[full] = value
        return named

    def settle(self, values: Mapping[str, JsonValue]) -> dict[str, KnobInfo]:
        """Returns the knobs that these values change, with their new value and text.

        Raises:
            BadInputError: A knob is unknown or ambiguous, or a value doesn't fit its type.
        """
        settled: dict[str, KnobInfo] = {}
        for path, mine in self._by_file(values).items():
            changed = self._files[path].settle(mine)
            settled |= {
                name: changed[inner] for name, (home, inner) in self._homes.items() if home == path and inner in changed
            }
        return settled

    def override(self, values: Mapping[str, JsonValue]) -> Source:
        """Returns the source with these knobs set. Unchanged files are the same objects.

        Raises:
            BadInputError: A knob is unknown or ambiguous, or a value doesn't fit its type or its file's encoding.
        """
        changed = {
            path: encode(path, self._files[path].render(mine), self._source[path])
            for path, mine in self._by_file(values).items()
        }
        return {**self._source, **changed}

    def describe(self, values: Mapping[str, JsonValue]) -> str:
        """Returns what setting these knobs changes: `DEPTH 4→6, MATRIX_LR 0.02→0.04`.

        Raises:
            BadInputError: A knob is unknown or ambiguous, or a value doesn't fit its type.
        """
        return knob_words(self.infos, self.settle(values))

    def _by_file(self, values: Mapping[str, JsonValue]) -> dict[str, dict[str, JsonValue]]:
        by_file: dict[str, dict[str, JsonValue]] = {}
        for name, value in self.full_names(values).items():
            path, inner = self._homes[name]
            self._refuse_given_by_command(name, self._files[path].knobs[inner])
            by_file.setdefault(path, {})[inner] = value
        return by_file

    def _refuse_given_by_command(self, name: str, knob: KnobInfo) -> None:
        """Raises an error for a default that never counts, because the command of `trainer.toml` gives the value."""
        flag = knob.kind.removeprefix("option ") if knob.kind.startswith("option ") else ""
        starts = (f"{flag}=", f"--{name}=", f"{name}=", f"++{name}=")
        given = [word for word in self._command if (flag and word == flag) or word.startswith(starts[0 if flag else 1 :])]
        if given:
            raise BadInputError(
                f"{name} can't be changed at {self._place(name)}: the command in trainer.toml gives it ({given[0]})",
                "Whoever runs the lab may take it out of the command; experiments can't",
            )

    def _name_knobs(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yields each knob's name with its file and its full name there."""
        paths_by_name: dict[str, list[str]] = {}
        for path, file in self._files.items():
            for name in file.knobs:
                paths_by_name.setdefault(name, []).append(path)
        for name, paths in paths_by_name.items():
            owner = self._owner(name, paths)
            yield from ((name if path == owner else f"{path}:{name}", (path, name)) for path in paths)

    def _owner(self, name: str, paths: list[str]) -> str | None:
        """Returns the file that has a name for itself: the only one, the one with a constant in capitals, or a chosen group."""
        if len(paths) == 1:
            return paths[0]
        capitals = [path for path in paths if _keeps_name(name, self._files[path].knobs[name])]
        chosen = [path for path in paths if self._is_chosen(path)]
        return next((some[0] for some in (capitals, chosen) if len(some) == 1), None)

    def _is_chosen(self, path: str) -> bool:
        """Whether a `defaults` list chooses this file of a Hydra group."""
        group, stem = group_of(path).replace(".", "/"), path.rpartition("/")[2].partition(".")[0]
        settings = (file.knobs.get(group) for file in self._files.values()) if group else ()
        return any(knob is not None and knob.value == stem for knob in settings)

    def _matches(self, name: str) -> list[str]:
        """Returns the knobs for which a name may stand; if some have it as their full name, only these."""
        file, _, inner = name.rpartition(":")
        if inner.startswith("-"):
            inner = inner.lstrip("-").replace("-", "_")
        ends = [
            (known, home[1] == inner)
            for known, home in self._homes.items()
            if f".{home[1]}".endswith(f".{inner}") and (not file or f"/{home[0]}".endswith(f"/{file}"))
        ]
        return [known for known, is_full in ends if is_full] or [known for known, _ in ends]

    def _place(self, name: str) -> str:
        path, inner = self._homes[name]
        knob = self._files[path].knobs[inner]
        return f"{path}:{knob.line}, {knob.kind}, {knob.text:.60}"

    def _unknown(self, name: str) -> BadInputError:
        for path, error in self._unreadable.items():
            if name.rpartition(".")[2].encode() in self._source[path]:
                return error
        texts = {path: file.text for path, file in self._files.items()}
        others = {path: show(path, data) for path, data in self._source.items() if path not in texts and has_knobs(path)}
        return _unknown(name, texts, self.infos, others)


def knob_words(before: Mapping[str, KnobInfo], after: Mapping[str, KnobInfo]) -> str:
    """Returns how the knobs that both have differ: `DEPTH 4→6, MATRIX_LR 0.02→0.04`."""
    return ", ".join(
        f"{name} {before[name].text}→{knob.text}"
        for name, knob in after.items()
        if name in before and repr(before[name].value) != repr(knob.value)
    )


def _unknown(
    name: str, texts: Mapping[str, str], knobs: Mapping[str, KnobInfo], others: Mapping[str, str] | None = None
) -> BadInputError:
    inner = name.rpartition(":")[2]
    places = [place for path, text in texts.items() for place in explain(path, text, inner)]
    if places:
        return BadInputError(f"{name} is not a knob: it stands in {'; in '.join(places[:5])}", "Change it with an edit")
    protected = [place for path, text in (others or {}).items() for place in explain(path, text, inner)]
    if protected:
        return BadInputError(
            f"{name} is not a knob: it stands in {'; in '.join(protected[:5])}, and experiments may not change that file",
            nearest(name, knobs, "knobs", "Set another one"),
        )
    searched = ", ".join(texts) or "the editable files"
    return BadInputError(f"There is no knob {name} in {searched}", nearest(name, knobs, "knobs"))


def _keeps_name(name: str, knob: KnobInfo) -> bool:
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
        if is_version(setting) or (setting.kind == "constant" and setting.name in changed):
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
