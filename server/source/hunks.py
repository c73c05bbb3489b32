"""The parts of a change: hunks that can be reverted one by one, to measure what each of them contributes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ..errors import BadInputError
from . import line_diff
from .changes import check, scopes
from .inspection.dangling import dangling
from .knobs import KnobFile, has_knobs
from .source_text import decode, encode, show
from .trainer_folder import Source, Trainer

CONTEXT = 3
"""Number of unchanged lines that separate two hunks; with fewer, they are one hunk."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """A part of a change.

    Attributes:
        path: The file.
        name: `MATRIX_LR 0.02→0.04`, or `train.py 120-131: class MLP`.
        knob: The knob whose value changed; empty for lines.
        lines: The old lines, followed by the new lines.
    """

    path: str
    name: str
    knob: str = ""
    lines: str = ""


@dataclass(frozen=True, slots=True)
class ReducedChange:
    """A change without some of its hunks.

    Attributes:
        hunks: The reverted hunks.
        source: The source with the rest of the change.
        why_not: Why the rest can't run; empty if it can.
    """

    hunks: Sequence[Hunk]
    source: Source
    why_not: str = ""

    @property
    def name(self) -> str:
        """The names of the reverted hunks."""
        return "; ".join(hunk.name for hunk in self.hunks)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Lines of a file after the change and before it."""

    after: Sequence[str]
    before: Sequence[str] | None = None
    hunk: Hunk | None = None


class Difference:
    """The difference of two sources, in hunks.

    Attributes:
        hunks: The hunks by file; in each file, knobs come first.
    """

    def __init__(self, before: Source, after: Source, trainer: Trainer) -> None:
        self._before, self._after, self._trainer = before, after, trainer
        self._pieces: dict[str, list[_Piece]] = {}
        self._knobs: dict[str, dict[str, str]] = {}
        self.hunks: list[Hunk] = []
        for path in sorted({*before, *after}):
            if trainer.is_editable(path) and before.get(path) != after.get(path):
                self._take_apart(path)

    def without(self, hunks: Collection[Hunk]) -> Source:
        """Returns the source after the change without these hunks."""
        source = dict(self._after)
        for path, pieces in self._pieces.items():
            text = "".join(_lines(pieces, hunks))
            reverted = {hunk.knob: self._knobs[path][hunk.knob] for hunk in hunks if hunk.path == path and hunk.knob}
            text = KnobFile(text, path).fill(reverted) if reverted else text
            source[path] = encode(path, text, self._after[path])
        for hunk in hunks:
            if hunk.path not in self._pieces:
                source.pop(hunk.path, None)
                if hunk.path in self._before:
                    source[hunk.path] = self._before[hunk.path]
        return source

    def take_back(self, hunk: Hunk) -> ReducedChange:
        """Returns the change without a hunk and without the hunks that depend on it."""
        reverted = [hunk]
        while more := self._dependents(reverted):
            reverted += more
        source = self.without(reverted)
        if len(reverted) == len(self.hunks):
            return ReducedChange(reverted, source, "nothing is left: all other parts depend on it")
        try:
            check(self._after, source, self._trainer)
        except BadInputError as error:
            return ReducedChange(reverted, source, f"the rest can't run: {error}")
        return ReducedChange(reverted, source)

    def _dependents(self, reverted: Sequence[Hunk]) -> list[Hunk]:
        """Further hunks to revert: those that use a name, an attribute or an argument that nothing provides any more."""
        missing = dangling(self.without(reverted)) - dangling(self._after)
        return [other for other in self.hunks if other not in reverted and missing & set(re.findall(r"\w+", other.lines))]

    def _take_apart(self, path: str) -> None:
        if path not in self._before or path not in self._after:
            word, data = ("new", self._after[path]) if path in self._after else ("removed", self._before[path])
            self.hunks.append(Hunk(path, f"{path} {word}", lines=show(path, data)))
            return
        try:
            before, after = (decode(path, source[path]) for source in (self._before, self._after))
        except BadInputError:  # only the file as a whole can be reverted
            self.hunks.append(Hunk(path, f"{path} as a whole", lines=show(path, self._after[path])))
            return
        if has_knobs(path):
            before = self._take_knobs(path, before, after)
        self._pieces[path] = list(_pieces(path, before, after))
        self.hunks += [piece.hunk for piece in self._pieces[path] if piece.hunk is not None]

    def _take_knobs(self, path: str, before: str, after: str) -> str:
        """Makes a hunk of every knob with another value. Returns the old text with the new values."""
        old, new = KnobFile(before, path), KnobFile(after, path)
        changed = [
            name for name in new.knobs if name in old.knobs and repr(old.knobs[name].value) != repr(new.knobs[name].value)
        ]
        self._knobs[path] = {name: old.knobs[name].text for name in changed}
        self.hunks += [Hunk(path, f"{name} {old.knobs[name].text}→{new.knobs[name].text}", knob=name) for name in changed]
        return old.fill({name: new.knobs[name].text for name in changed})


def _lines(pieces: Sequence[_Piece], reverted: Collection[Hunk]) -> Iterator[str]:
    for piece in pieces:
        yield from piece.before if piece.before is not None and piece.hunk in reverted else piece.after


def _pieces(path: str, before: str, after: str) -> Iterator[_Piece]:
    """Splits a file into unchanged pieces and a hunk for each group of changes."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    done = 0
    for group in line_diff.groups(line_diff.replacements(old, new), max_equal=CONTEXT // 2 * 2):
        old_start, new_start = group[0].start, group[0].first
        old_stop, new_stop = group[-1].stop, group[-1].last
        yield _Piece(new[done:new_start])
        where = f"{new_start + 1}-{new_stop}" if new_stop > new_start + 1 else f"{new_start + 1}"
        named = scopes(after, range(new_start + 1, new_stop + 1)) or scopes(before, range(old_start + 1, old_stop + 1))
        name = f"{path} {where}" + (f": {', '.join(named[:2])}" if named else "")
        yield _Piece(
            new[new_start:new_stop],
            old[old_start:old_stop],
            Hunk(path, name, lines="".join(old[old_start:old_stop] + new[new_start:new_stop])),
        )
        done = new_stop
    yield _Piece(new[done:])
