"""Three-way merge of sources, to combine ideas that were tried separately."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from ..errors import ConflictError
from . import git, line_diff
from .knobs import KnobFile, has_knobs
from .source_text import decode, encode
from .trainer_folder import Source

MAX_HUNKS_QUOTED = 3
MAX_LINES_QUOTED = 6
_HERE = "here"


class _ClashError(Exception):
    """A file can't be merged; the text says why."""


def merge(here: Source, before: Source, after: Source, name: str) -> Source:
    """Merges the change from `before` to `after` into another source.

    Knobs are merged by value, so two experiments may set knobs on neighbouring lines. Everything else is merged by line.

    Args:
        here: The source into which the change is merged.
        before: The source before the change.
        after: The source after the change.
        name: The name of the change, for errors.

    Raises:
        ConflictError: Both sides changed the same knob or lines; the text quotes them by file and hunk.
    """
    merged = dict(here)
    clashes: list[str] = []
    for path in sorted({*before, *after}):
        try:
            data = _merge_file(path, here.get(path), before.get(path), after.get(path), name)
        except _ClashError as clash:
            clashes.append(f"{path}: {clash}")
            continue
        merged.pop(path, None)
        if data is not None:
            merged[path] = data
    if clashes:
        raise ConflictError(
            f"{name} conflicts with the source. {'; '.join(clashes)}",
            f"Leave {name} out, or launch on this base with edits: find one of the texts under `here`, and replace it with a"
            " text that has both changes",
        )
    return merged


def _merge_file(path: str, here: bytes | None, before: bytes | None, after: bytes | None, name: str) -> bytes | None:
    """Returns the merged content; None for a removed file."""
    if after in (before, here):
        return here
    if here == before:
        return after
    if here is None or after is None:
        raise _ClashError(f"changed on one side and removed on the other ({'here' if here is None else name})")
    if before is None:
        raise _ClashError("new on both sides, with different content")
    texts = [decode(path, data) for data in (here, before, after)]
    if has_knobs(path):
        texts = _agree_on_knobs(path, texts, name)
    return encode(path, _merge_lines(texts, name), here)


def _agree_on_knobs(path: str, texts: list[str], name: str) -> list[str]:
    """Returns the three versions, each with the knobs set to their values in the merged file."""
    here, before, after = files = [KnobFile(text, path) for text in texts]
    agreed: dict[str, str] = {}
    clashes: list[str] = []
    for knob in here.knobs.keys() & before.knobs.keys() & after.knobs.keys():
        mine, old, new = (file.knobs[knob].text for file in files)
        if mine == old == new or "\n" in mine + old + new:
            continue  # a value of several lines is merged by line
        if mine != old and new not in (old, mine):
            clashes.append(f"{knob} is {mine} here and {new} in {name}, from {old}")
        agreed[knob] = mine if new == old else new
    if clashes:
        raise _ClashError(", ".join(sorted(clashes)))
    return [file.fill(agreed) for file in files]


def _merge_lines(texts: list[str], name: str) -> str:
    with TemporaryDirectory(prefix="labhand-") as folder:
        paths = [Path(folder, version) for version in ("here", "before", "after")]
        for path, text in zip(paths, texts, strict=True):
            path.write_bytes(text.encode())
        labels = ["-L", _HERE, "-L", "before", "-L", name]
        answer = git.attempt("merge-file", "-p", *labels, *map(str, paths))
    merged = answer.output.decode()
    if answer.status == 0:
        return merged
    side_by_side = _merge_side_by_side(texts)
    if side_by_side is not None:
        return side_by_side
    raise _ClashError("; ".join(_hunks(merged, name)) or answer.complaint)


def _merge_side_by_side(texts: list[str]) -> str | None:
    """Returns the merged text where both sides changed different lines, also lines next to each other; None if not.

    git takes changes of neighbouring lines for a conflict. Two experiments often change neighbouring arguments or constants,
    and each of these lines was changed by one of them only.
    """
    here, before, after = (text.splitlines(keepends=True) for text in texts)
    mine, theirs = _replacements(before, here), _replacements(before, after)
    starts, stops = [start for start, _, _ in theirs], [stop for _, stop, _ in theirs]
    for left in mine:
        near = theirs[bisect_left(stops, left[0]) : bisect_right(starts, left[1])]
        if any(_meet(left, right) for right in near if left != right):
            return None
    merged: list[str] = []
    done = 0
    for start, stop, lines in sorted({*mine, *theirs}):
        merged += [*before[done:start], *lines]
        done = stop
    return "".join([*merged, *before[done:]])


_Replacement: TypeAlias = "tuple[int, int, tuple[str, ...]]"
"""First line, line after the last one, and the lines that take their place."""


def _replacements(before: list[str], after: list[str]) -> list[_Replacement]:
    replacements: list[_Replacement] = []
    for start, stop, first, last in line_diff.replacements(before, after):
        if stop - start == last - first:  # line by line, so that each line stands for itself
            replacements += [(start + place, start + place + 1, (after[first + place],)) for place in range(stop - start)]
        else:
            replacements.append((start, stop, tuple(after[first:last])))
    return replacements


def _meet(left: _Replacement, right: _Replacement) -> bool:
    """Whether two replacements concern the same lines, or lines are inserted where the other one ends or begins."""
    (left_start, left_stop, _), (right_start, right_stop, _) = left, right
    if left_start == left_stop or right_start == right_stop:
        return left_start <= right_stop and right_start <= left_stop
    return left_start < right_stop and right_start < left_stop


def _hunks(merged: str, name: str) -> Iterator[str]:
    """Quotes the first conflicts."""
    conflicts = list(_conflicts(merged))
    for line, mine, theirs in conflicts[:MAX_HUNKS_QUOTED]:
        yield f"from line {line} on, here:\n{_quote(mine)}\nin {name}:\n{_quote(theirs)}"
    if len(conflicts) > MAX_HUNKS_QUOTED:
        yield f"and {len(conflicts) - MAX_HUNKS_QUOTED} more"


def _conflicts(merged: str) -> Iterator[tuple[int, list[str], list[str]]]:
    """Yields each conflict: the line of the source where it begins, the source's own lines, and those of the change."""
    mine: list[str] = []
    theirs: list[str] = []
    lines: list[str] | None = None  # those of the side in which the loop is
    number = 1  # of the line in the source
    for line in merged.split("\n"):
        if lines is None and line == f"<<<<<<< {_HERE}":
            mine, theirs = [], []
            lines = mine
        elif lines is mine and line == "=======":
            lines = theirs
        elif lines is theirs and line.startswith(">>>>>>> "):
            yield number - len(mine), mine, theirs
            lines = None
        else:
            number += lines is not theirs
            if lines is not None:
                lines.append(line)


def _quote(side: list[str]) -> str:
    lines = [f"    {line:.160}" for line in side]
    more = [f"    … {len(lines) - MAX_LINES_QUOTED} more lines"] if len(lines) > MAX_LINES_QUOTED else []
    return "\n".join(lines[:MAX_LINES_QUOTED] + more) or "    (nothing)"
