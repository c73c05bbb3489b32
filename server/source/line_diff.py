"""How two texts differ by line, in bounded time: small ones are compared here, larger ones by git, huge ones as a whole.

`difflib` takes a time that grows with the cube of the number of lines, if the lines are alike: some thousand blank lines hold a
core for minutes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from . import git

MAX_STEPS = 5_000_000
"""Upper bound for the steps of `difflib` up to which it is used: about a second at the worst."""
MAX_LINES = 200_000
"""Lines up to which git compares them. What is longer counts as replaced as a whole."""
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class Replacement(NamedTuple):
    """Lines `start` to `stop` of the old text became lines `first` to `last` of the new one: from 0, the second excluded."""

    start: int
    stop: int
    first: int
    last: int


def replacements(before: Sequence[str], after: Sequence[str]) -> list[Replacement]:
    """Returns how two lists of lines differ, in their order. Between two replacements there are equal lines."""
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    return [
        Replacement(head + start, head + stop, head + first, head + last) for start, stop, first, last in _differing(old, new)
    ]


def groups(changes: Sequence[Replacement], max_equal: int) -> Iterator[list[Replacement]]:
    """Yields runs of replacements with at most `max_equal` equal lines between two of them."""
    group: list[Replacement] = []
    for change in changes:
        if group and change.start - group[-1].stop > max_equal:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    """Returns the number of lines at the beginning that are the same."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((place for place, (mine, theirs) in pairs if mine != theirs), min(len(left), len(right)))


def _differing(old: Sequence[str], new: Sequence[str]) -> list[Replacement]:
    if not old or not new:
        return [Replacement(0, len(old), 0, len(new))] if old or new else []
    if _steps(old, new) <= MAX_STEPS:
        codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        return [Replacement(*places) for kind, *places in codes if kind != "equal"]
    if len(old) + len(new) > MAX_LINES:
        return [Replacement(0, len(old), 0, len(new))]
    return _by_git(old, new)


def _steps(old: Sequence[str], new: Sequence[str]) -> int:
    """Returns an upper bound for the steps of `difflib`: each of its searches looks at all pairs of equal lines."""
    counts = Counter(new)
    pairs = sum(counts[line] for line in old)
    return (len(old) + pairs) * min(len(old), len(new), pairs + 1)


def _by_git(old: Sequence[str], new: Sequence[str]) -> list[Replacement]:
    numbers: dict[str, int] = {}  # git sees each line as a number, so that its content doesn't matter
    with TemporaryDirectory(prefix="labhand-") as folder:
        for name, lines in (("old", old), ("new", new)):
            written = "".join(f"{numbers.setdefault(line, len(numbers))}\n" for line in lines)
            Path(folder, name).write_text(written, "ascii")
        options = ["--no-index", "--no-color", "--no-ext-diff", "--no-textconv", "--unified=0", "--text"]
        answer = git.attempt("diff", *options, "old", "new", cwd=Path(folder))
    return [_hunk(line) for line in answer.output.decode("ascii", "replace").splitlines() if line.startswith("@@")]


def _hunk(line: str) -> Replacement:
    """Returns what a line such as `@@ -3,2 +3 @@` says. Where lines are only added or removed, it names the line before."""
    match = _HUNK.match(line)
    if match is None:
        raise ValueError(f"git diff printed {line!r:.80}")
    removed, added = (int(match[group] or 1) if match[group] != "0" else 0 for group in (2, 4))
    start, first = int(match[1]) - (removed > 0), int(match[3]) - (added > 0)
    return Replacement(start, start + removed, first, first + added)
