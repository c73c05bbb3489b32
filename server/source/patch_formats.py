"""Patches in the formats of other agents: `*** Begin Patch` of Codex, SEARCH/REPLACE blocks of aider, hunks without numbers.

All of them become the same: for each file, lines to find and the lines that take their place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ..errors import BadInputError
from ..schemas.launch import Edit
from .edits import replace
from .trainer_folder import Source

_BEGIN, _END = "*** Begin Patch", "*** End Patch"
_CODEX = re.compile(r"\*\*\* (Update|Add|Delete) File: (.+)")
_CODEX_MARKS = frozenset({_BEGIN, _END, "*** End of File"})
_MOVE = "*** Move to: "
_SEARCH = re.compile(r"<{5,9} SEARCH>?\s*")
_DIVIDER = re.compile(r"={5,9}\s*")
_REPLACE = re.compile(r">{5,9} REPLACE\s*")
_HEADER = re.compile(r"\+\+\+ (?:b/)?(\S+)")
_NUMBERED = re.compile(r"^@@ -\d", re.MULTILINE)
_BARE = re.compile(r"^@@(?! -\d)", re.MULTILINE)


@dataclass
class FilePatch:
    """What a patch does to one file.

    Attributes:
        path: The file.
        action: `Update`, `Add` or `Delete`.
        hunks: Pairs of the lines to find and the lines that take their place. A new file has one pair.
    """

    path: str
    action: str = "Update"
    hunks: list[tuple[list[str], list[str]]] = field(default_factory=list[tuple[list[str], list[str]]])


def parse(text: str) -> list[FilePatch] | None:
    """Return what a patch in the format of another agent does; None for a unified diff, which git applies.

    Args:
        text: The patch, whose lines end with LF.

    Raises:
        BadInputError: It is in no known format, or is incomplete.
    """
    lines = text.split("\n")
    if any(line.strip() == _BEGIN for line in lines):
        return list(_codex(lines))
    if any(_SEARCH.fullmatch(line) for line in lines):
        return list(_blocks(lines))
    has_header = re.search(r"^(?:diff --git |--- |\+\+\+ )", text, re.MULTILINE) is not None
    if has_header and _BARE.search(text) and not _NUMBERED.search(text):
        return list(_bare_hunks(lines))
    if not has_header:
        has_hunk = _NUMBERED.search(text) or _BARE.search(text)
        problem = "The patch has no line `--- a/FILE` that names its file" if has_hunk else "The patch is in no known format"
        raise BadInputError(
            f"{problem}: it begins with {text.strip()[:80]!r}",
            "Give a unified diff (`--- a/train.py`, `+++ b/train.py`, `@@ … @@`), a patch that begins with `*** Begin Patch`,"
            " or SEARCH/REPLACE blocks below the file's name; or use edits",
        )
    return None


def apply(source: Source, patches: Sequence[FilePatch], require: Callable[[str], str]) -> Source:
    """Return a source after a patch.

    Args:
        source: The source to change.
        patches: What `parse` returned.
        require: Raises an error for a path that may not be changed; returns its normal form.

    Raises:
        BadInputError: A file is missing or exists already, or lines don't occur exactly once.
    """
    changed = dict(source)
    for patch in patches:
        path = require(patch.path)
        if patch.action == "Add":
            if path in changed:
                raise BadInputError(f"The patch adds {path}, which the base has", "Update the file, or give it in files")
            changed[path] = _joined(patch.hunks[0][1]).encode()
        elif path not in changed:
            raise BadInputError(f"The patch changes {path}, and the base has no such file", "Use files to add a file")
        elif patch.action == "Delete":
            del changed[path]
        else:
            changed[path] = _updated(changed[path].decode("utf-8", "surrogateescape"), patch).encode("utf-8", "surrogateescape")
    return changed


def _updated(text: str, patch: FilePatch) -> str:
    ended = text if text.endswith("\n") or not text else f"{text}\n"
    for find, put in patch.hunks:
        if not find:
            raise BadInputError(
                f"A hunk for {patch.path} adds lines and doesn't say where", "Give it unchanged lines as context, or use edits"
            )
        ended = replace(ended, Edit(file=patch.path, find=_joined(find), replace=_joined(put)))
    return ended


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _codex(lines: Sequence[str]) -> Iterator[FilePatch]:
    patch: FilePatch | None = None
    begin = next(number for number, line in enumerate(lines) if line.strip() == _BEGIN)
    for number, line in enumerate(lines[begin:], begin + 1):
        if match := _CODEX.fullmatch(line.rstrip()):
            if patch is not None:
                yield _without_empty_hunks(patch)
            patch = FilePatch(match[2].strip(), match[1], [([], [])])
        elif patch is not None and line.strip() not in _CODEX_MARKS:
            _take_codex_line(patch, line, number)
    if patch is None:
        raise BadInputError("The patch names no file", "Write `*** Update File: train.py` after `*** Begin Patch`")
    yield _without_empty_hunks(patch)


def _take_codex_line(patch: FilePatch, line: str, number: int) -> None:
    if line.startswith(_MOVE):
        raise BadInputError(f"Line {number} of the patch moves a file", "Add the new file and delete the old one")
    if line.startswith("@@"):
        patch.hunks.append(([], []))
    else:
        _take_line(patch, line, number)


def _bare_hunks(lines: Sequence[str]) -> Iterator[FilePatch]:
    """A unified diff whose hunks begin with a bare `@@`: the old lines say where they belong."""
    patch: FilePatch | None = None
    for number, line in enumerate(lines, 1):
        if match := _HEADER.match(line):
            if patch is not None:
                yield _without_empty_hunks(patch)
            patch = FilePatch(match[1])
        elif patch is None or line.startswith(("diff --git ", "--- ", "index ")):
            continue
        elif line.startswith("@@"):
            patch.hunks.append(([], []))
        elif patch.hunks:
            _take_line(patch, line, number)
    if patch is not None:
        yield _without_empty_hunks(patch)


def _take_line(patch: FilePatch, line: str, number: int) -> None:
    find, put = patch.hunks[-1]
    mark, content = line[:1], line[1:]
    if mark not in {"", " ", "-", "+"}:
        raise BadInputError(
            f"Line {number} of the patch begins with {mark!r}: {line!r:.80}",
            "A line of a hunk begins with a space, - or +",
        )
    if mark != "+":
        find.append(content)
    if mark != "-":
        put.append(content)


def _without_empty_hunks(patch: FilePatch) -> FilePatch:
    """Drop empty hunks, and the empty lines that end a text and not a hunk."""
    for find, put in patch.hunks:
        while find and put and not find[-1] and not put[-1]:
            find.pop()
            put.pop()
    patch.hunks = [hunk for hunk in patch.hunks if any(hunk)]
    if not patch.hunks and patch.action == "Add":
        patch.hunks.append(([], []))
    return patch


def _blocks(lines: Sequence[str]) -> Iterator[FilePatch]:
    path = ""
    rest = iter(enumerate(lines, 1))
    for number, line in rest:
        if not _SEARCH.fullmatch(line):
            name = line.strip().strip("`*#:").strip()
            path = name if name and not line.startswith("```") else path
            continue
        if not path:
            raise BadInputError(f"The SEARCH block on line {number} names no file", "Write the file's path above the block")
        find = _until(rest, _DIVIDER, number)
        put = _until(rest, _REPLACE, number)
        yield FilePatch(path, "Update", [(find, put)]) if find else FilePatch(path, "Add", [([], put)])


def _until(rest: Iterator[tuple[int, str]], end: re.Pattern[str], begin: int) -> list[str]:
    lines: list[str] = []
    for _, line in rest:
        if end.fullmatch(line):
            return lines
        lines.append(line)
    raise BadInputError(
        f"The SEARCH block on line {begin} isn't complete", "It has a line ======= and ends with a line >>>>>>> REPLACE"
    )
