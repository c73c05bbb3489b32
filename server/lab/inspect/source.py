"""`read_source`: a source's outline and knobs, a part of its text, or its difference from another source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...errors import BadInputError, NotFoundError, nearest
from ...schemas.inspect import SourceQuery
from ...source.inspection.outline import Symbol, find, symbols
from ...source.knobs import KnobInfo, find_knobs
from ...source.source_knobs import Knobs
from ...source.source_text import show
from ...source.trainer_folder import Source
from .. import references
from ..lab import Lab
from ..references import Reference
from ..sanitize import reveal
from .diff import diff
from .regex_search import search_lines

CONTEXT = 2
"""Lines before and after a match."""
MAX_CHARACTERS = 40_000
"""Characters of an answer."""
MAX_PIECES = 30
MAX_LEFT_OUT_SHOWN = 10
"""Files and folders that an outline names as left out of the source."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of a file, from `first` to `last`: 1-based, both included."""

    file: str
    first: int
    last: int
    name: str = ""


async def read_source(
    lab: Lab,
    id: str = "champion",
    file: str | None = None,
    symbol: str | None = None,
    lines: str | None = None,
    search: str | None = None,
    against: str | None = None,
    *,
    regex: bool = False,
) -> str:
    """Return a source, or a part of it, as text. Fenced code is exact, except that invisible characters are written as escapes.

    Args:
        lab: The lab.
        id: `champion`, `baseline`, `workdir`, or an experiment.
        file: By default all editable files; for `lines`, the first of them.
        symbol: A function, class, method (`Block.forward`) or knob.
        lines: `10-40`.
        search: A text that a line contains.
        against: Show the difference from this source.
        regex: `search` is a regular expression that matches within a line.

    Raises:
        BadInputError: Two of `symbol`, `lines`, `search` and `against` are set, or one is invalid.
        NotFoundError: The source, file or symbol doesn't exist.
    """
    parts = {"symbol": symbol, "lines": lines, "search": search, "against": against}
    names = [name for name, value in parts.items() if value is not None]
    if len(names) > 1:
        raise BadInputError(f"{' and '.join(names)} are set together", f"Set only one of {', '.join(parts)} in a call")
    reference = await references.resolve(lab, id)
    texts = _texts(lab, reference.source, file)
    if against is not None:
        return await _diff(lab, await references.resolve(lab, against), reference, file)
    if symbol is not None:
        return _show(reference, texts, _symbol(texts, symbol, Knobs(reference.source, lab.trainer)))
    if lines is not None:
        return _show(reference, texts, [_lines(texts, lines)])
    if search is not None:
        return _show(reference, texts, await _matches(texts, search, regex=regex))
    return _outline(lab, reference, texts, file)


def _texts(lab: Lab, source: Source, file: str | None) -> Mapping[str, Sequence[str]]:
    """Return the lines of the requested file, or of all editable files, by path."""
    if file is not None and file not in source:
        raise NotFoundError(f"There is no file {file!r} in this source", nearest(file, source, "files of this source"))
    paths = [file] if file is not None else sorted(lab.editable_files(source))
    return {path: _split(show(path, source[path])) for path in paths}


def _split(text: str) -> list[str]:
    """Return lines as Python counts them: `splitlines` also breaks at form feeds."""
    return text.removesuffix("\n").split("\n")


async def _diff(lab: Lab, before: Reference, after: Reference, file: str | None) -> str:
    text = await diff(lab, before, after, [file] if file else ())
    if not text:
        return f"{after.name} is the same as {before.name}{f' in {file}' if file else ''}."
    return f"From {before.name} to {after.name}:\n{_fenced(text.rstrip(), 'diff')}"


def _symbol(texts: Mapping[str, Sequence[str]], name: str, knobs: Knobs) -> list[Piece]:
    symbols_by_file = {file: symbols("\n".join(lines)) for file, lines in texts.items()}
    matches = find(symbols_by_file, name)
    if not matches:
        places = [(full, *knobs.place(full)) for full in knobs.stands_for(name)]
        set_here = [
            Piece(path, knob.line, knob.line + knob.text.count("\n"), full) for full, path, knob in places if path in texts
        ]
        if set_here:
            return set_here
        names = {symbol.name for symbols_of_file in symbols_by_file.values() for symbol in symbols_of_file}
        remedy = nearest(name, names, "symbols", f"The outline: {SourceQuery().as_call()}")
        raise NotFoundError(f"There is no symbol {name!r} in {', '.join(texts)}", remedy)
    return [Piece(file, symbol.first, symbol.last, symbol.name) for file, symbol in matches]


def _lines(texts: Mapping[str, Sequence[str]], text: str) -> Piece:
    file, lines = next(iter(texts.items()))
    span = re.fullmatch(r"\s*(\d+)\s*(?:(?:-|\.\.|:)\s*(\d+))?\s*", text)
    first = int(span[1]) if span else 0
    last = int(span[2] or first) if span else 0
    if not 1 <= first <= min(last, len(lines)):
        raise BadInputError(
            f"lines={text!r} is not a range of lines of {file}", f'It has {len(lines)} lines: set a range such as "10-40"'
        )
    return Piece(file, first, min(last, len(lines)))


async def _matches(texts: Mapping[str, Sequence[str]], text: str, *, regex: bool) -> list[Piece]:
    if not text.strip("\n") or "\n" in text:
        problem = "is empty" if not text.strip("\n") else "has a line break, and a search looks at single lines"
        raise BadInputError(f"search={text!r} {problem}", "Search for a part of one line")
    places = await search_lines(text, texts) if regex else _places(texts, text)
    pieces: list[Piece] = []
    for file, lines in texts.items():
        for position in places[file]:
            piece = Piece(file, max(1, position + 1 - CONTEXT), min(len(lines), position + 1 + CONTEXT))
            if pieces and pieces[-1].file == file and pieces[-1].last >= piece.first - 1:
                piece = Piece(file, pieces.pop().first, piece.last)
            pieces.append(piece)
    if not pieces:
        is_text = not regex and re.escape(text) != text
        as_expression = "It was searched for as a text: set regex=true if it is a regular expression. " if is_text else ""
        raise NotFoundError(
            f"{text!r} doesn't occur in {', '.join(texts)}",
            f"{as_expression}Try a shorter text; read_source shows the outline",
        )
    return pieces


def _places(texts: Mapping[str, Sequence[str]], text: str) -> Mapping[str, Sequence[int]]:
    """Return the positions of the lines that contain a text, by file."""
    return {file: [position for position, line in enumerate(lines) if text in line] for file, lines in texts.items()}


def _show(reference: Reference, texts: Mapping[str, Sequence[str]], pieces: Sequence[Piece]) -> str:
    """Return pieces of code, each below a line with its file and line numbers."""
    shown: list[str] = []
    left = MAX_CHARACTERS
    for number, piece in enumerate(pieces):
        code = "\n".join(texts[piece.file][piece.first - 1 : piece.last])
        if number == MAX_PIECES or (shown and len(code) > left):
            shown.append(f"… and {len(pieces) - number} more places: name a file, or search for a longer text")
            break
        name = f" {piece.name}" if piece.name else ""
        shown.append(f"{reference.name} {piece.file}{name}, lines {piece.first}-{piece.last} of {len(texts[piece.file])}")
        shown.append(_fenced(code[:left], "python" if piece.file.endswith(".py") else ""))
        if len(code) > left:
            shown.append(f"… cut after {left} characters: set lines to read the rest")
        left -= len(code)
    return "\n".join(shown)


def _outline(lab: Lab, reference: Reference, texts: Mapping[str, Sequence[str]], file: str | None) -> str:
    outline = [f"Source of {reference.name}. Editable: {', '.join(lab.trainer.editable)}"]
    knobs = Knobs(reference.source, lab.trainer)
    for path, lines in texts.items():
        is_editable = lab.trainer.is_editable(path)
        outline += ["", f"{path}, {len(lines)} lines"]
        outline += _outline_of(path, "\n".join(lines), knobs.of_file(path), is_editable=is_editable)
    others = sorted(path for path in reference.source if path not in texts) if file is None else []
    if others:
        outline += ["", f"Other files, which must not be changed: {', '.join(others)}"]
    if file is None and lab.trainer.left_out:
        shown = ", ".join(entry.as_text() for entry in lab.trainer.left_out[:MAX_LEFT_OUT_SHOWN])
        more = len(lab.trainer.left_out) - MAX_LEFT_OUT_SHOWN
        outline += ["", f"In the trainer folder, and not in runs: {shown}{f' and {more} more' if more > 0 else ''}"]
    if file is None and lab.trainer.file.data_paths:
        outline += ["", f"Linked into runs, read-only: {', '.join(lab.trainer.file.data_paths)}"]
    text = reveal("\n".join(outline))
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}\n… cut: name a file"


def _outline_of(path: str, text: str, knobs: Mapping[str, KnobInfo], *, is_editable: bool) -> Iterator[str]:
    if knobs:
        yield "Knobs:"
    elif not is_editable and (knobs := find_knobs(text, path)):
        yield "Settings, which must not be changed:"
    if knobs:
        yield from (f"  {name} = {knob.text}  ({_place(knob)})" for name, knob in knobs.items())
    if not path.endswith(".py"):
        return
    defined = [symbol for symbol in symbols(text) if symbol.head]
    if defined:
        yield "Defines:"
        yield from map(_line_of, defined)


def _place(knob: KnobInfo) -> str:
    return f"line {knob.line}" if knob.kind in {"constant", "value"} else f"line {knob.line}, {knob.kind}"


def _line_of(symbol: Symbol) -> str:
    return f"  {'  ' * symbol.depth}{symbol.head}  (lines {symbol.first}-{symbol.last})"


def _fenced(code: str, language: str) -> str:
    """Return code between fences that are longer than any run of backticks in it, with invisible characters escaped."""
    code = reveal(code)
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"
