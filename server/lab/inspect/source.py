"""Reading a source: its outline and knobs, a piece of it ready for an edit's `find`, or what differs from another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...errors import BadInputError, NotFoundError, nearest
from ...source.knobs import find_knobs
from ...source.outline import Symbol, find, symbols
from ...source.trainer_folder import Source
from .. import references
from ..lab import Lab
from ..references import Reference
from ..sanitize import reveal
from .diff import diff

CONTEXT = 2
"""Lines around what a search finds."""
MOST_CHARACTERS = 40_000
MOST_PIECES = 30
LONGEST_SEARCHED = 400
"""Characters of a line that a search looks at."""
_NESTED = re.compile(r"\([^()]*[*+}][^()]*\)\s*[*+{]")
"""A repeated group with a repetition in it: what may take a regular expression for ever."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of a file; 1-based, both included."""

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
) -> str:
    """A source, or a part of it, as text. Code stands in fences exactly as it is in the file, but for what can't be seen.

    Args:
        lab: The lab.
        id: `champion`, `baseline`, `workdir`, or an experiment.
        file: All editable ones for an outline, a symbol and a search; the first of them for lines.
        symbol: A function, class, method (`Block.forward`) or knob.
        lines: `10-40`.
        search: A text, or a regular expression.
        against: Show what differs from this source.

    Raises:
        BadInputError: Two of `symbol`, `lines`, `search` and `against` are given, or one can't be read.
        NotFoundError: There is no such source, file or symbol.
    """
    if sum(part is not None for part in (symbol, lines, search, against)) > 1:
        raise BadInputError("More than one of symbol, lines, search and against is given", "Give one; call again for another")
    reference = await references.resolve(lab, id)
    texts = _texts(lab, reference.source, file)
    if against is not None:
        return await _diff(lab, await references.resolve(lab, against), reference, file)
    if symbol is not None:
        return _show(reference, texts, _symbol(texts, symbol))
    if lines is not None:
        return _show(reference, texts, [_lines(texts, lines)])
    if search is not None:
        return _show(reference, texts, _matches(texts, search))
    return _outline(lab, reference, texts, file)


def _texts(lab: Lab, source: Source, file: str | None) -> Mapping[str, Sequence[str]]:
    """The lines of the file that is asked for, or of all editable ones."""
    if file is not None and file not in source:
        raise NotFoundError(
            f"There is no file {file!r} in this source", f"{nearest(file, source)} There is: {', '.join(sorted(source))}"
        )
    wanted = [file] if file is not None else [path for path in sorted(source) if lab.trainer.is_editable(path)]
    return {path: _split(source[path].decode("utf-8", "replace")) for path in wanted}


def _split(text: str) -> list[str]:
    """Lines as Python counts them; `splitlines` would break at form feeds, too."""
    return text.removesuffix("\n").split("\n")


async def _diff(lab: Lab, before: Reference, after: Reference, file: str | None) -> str:
    text = await diff(lab, before, after, [file] if file else ())
    if not text:
        return f"{after.name} is the same as {before.name}{f' in {file}' if file else ''}."
    return f"From {before.name} to {after.name}:\n{_fenced(text.rstrip(), 'diff')}"


def _symbol(texts: Mapping[str, Sequence[str]], name: str) -> list[Piece]:
    known = {file: symbols("\n".join(lines)) for file, lines in texts.items()}
    found = find(known, name)
    if not found:
        names = {symbol.name for symbols_of_file in known.values() for symbol in symbols_of_file}
        raise NotFoundError(f"There is no symbol {name!r} here", f"{nearest(name, names)} read_source() shows the outline")
    return [Piece(file, symbol.first, symbol.last, symbol.name) for file, symbol in found]


def _lines(texts: Mapping[str, Sequence[str]], text: str) -> Piece:
    file, known = next(iter(texts.items()))
    span = re.fullmatch(r"\s*(\d+)\s*(?:(?:-|\.\.|:)\s*(\d+))?\s*", text)
    first = int(span[1]) if span else 0
    last = int(span[2] or first) if span else 0
    if not 1 <= first <= min(last, len(known)):
        raise BadInputError(f"lines={text!r} are no lines of {file}", f'It has {len(known)}: give a range such as "10-40"')
    return Piece(file, first, min(last, len(known)))


def _matches(texts: Mapping[str, Sequence[str]], text: str) -> list[Piece]:
    pattern = _pattern(text)
    pieces: list[Piece] = []
    for file, lines in texts.items():
        for number, line in enumerate(lines, 1):
            if not pattern.search(line[:LONGEST_SEARCHED]):
                continue
            piece = Piece(file, max(1, number - CONTEXT), min(len(lines), number + CONTEXT))
            if pieces and pieces[-1].file == file and pieces[-1].last >= piece.first - 1:
                piece = Piece(file, pieces.pop().first, piece.last)
            pieces.append(piece)
    if not pieces:
        raise NotFoundError(f"{text!r} is nowhere in {', '.join(texts)}", "Try a shorter text; read_source() shows the outline")
    return pieces


def _pattern(text: str) -> re.Pattern[str]:
    if not text or _NESTED.search(text):
        raise BadInputError(
            f"search={text!r} can't be searched for", "Give a text, or a plain regular expression such as def .*loss"
        )
    try:
        return re.compile(text)
    except re.error:
        return re.compile(re.escape(text))


def _show(reference: Reference, texts: Mapping[str, Sequence[str]], pieces: Sequence[Piece]) -> str:
    """Pieces of code, each below a line that says where it stands."""
    shown: list[str] = []
    left = MOST_CHARACTERS
    for number, piece in enumerate(pieces):
        code = "\n".join(texts[piece.file][piece.first - 1 : piece.last])
        if number == MOST_PIECES or (shown and len(code) > left):
            shown.append(f"… and {len(pieces) - number} more places: name a file, or be more exact")
            break
        name = f" {piece.name}" if piece.name else ""
        shown.append(f"{reference.name} {piece.file}{name}, lines {piece.first}-{piece.last} of {len(texts[piece.file])}")
        shown.append(_fenced(code[:left], "python" if piece.file.endswith(".py") else ""))
        if len(code) > left:
            shown.append(f"… cut after {left} characters: ask for lines")
        left -= len(code)
    return "\n".join(shown)


def _outline(lab: Lab, reference: Reference, texts: Mapping[str, Sequence[str]], file: str | None) -> str:
    told = [f"Source of {reference.name}. Editable: {', '.join(lab.trainer.editable)}"]
    for path, lines in texts.items():
        told += ["", f"{path}, {len(lines)} lines", *_outline_of(path, "\n".join(lines))]
    others = sorted(path for path in reference.source if path not in texts) if file is None else []
    if others:
        told += ["", f"Other files, which may not be changed: {', '.join(others)}"]
    text = reveal("\n".join(told))
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}\n… cut: name a file"


def _outline_of(path: str, text: str) -> Iterator[str]:
    if not path.endswith(".py"):
        return
    knobs = find_knobs(text)
    if knobs:
        yield "Knobs:"
        yield from (f"  {name} = {knob.text}  (line {knob.line})" for name, knob in knobs.items())
    defined = [symbol for symbol in symbols(text) if symbol.head]
    if defined:
        yield "Defines:"
        yield from map(_line_of, defined)


def _line_of(symbol: Symbol) -> str:
    return f"  {'  ' * symbol.depth}{symbol.head}  (lines {symbol.first}-{symbol.last})"


def _fenced(code: str, language: str) -> str:
    """Code between fences that are longer than any run of backticks in it, with nothing in it that can't be seen."""
    code = reveal(code)
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"
