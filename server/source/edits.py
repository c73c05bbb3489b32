"""The two ways in which a caller changes text: an exact replacement, and a unified diff."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory

from ..errors import BadInputError
from ..schemas.launch import Edit
from . import git
from .trainer_folder import Source

LINES_TOLD = 8
WIDTH_COMPARED = 200


def replace(text: str, edit: Edit) -> str:
    """Replace the one place where `find` occurs.

    Raises:
        BadInputError: It occurs nowhere, telling the lines that are nearest; or in several places, telling which.
    """
    if not edit.find:
        raise BadInputError(
            f"An edit of {edit.file} has nothing to find", "Give the text to replace, or the whole file in files"
        )
    places = [match.start() for match in re.finditer(rf"(?={re.escape(edit.find)})", text)]
    if not places:
        raise BadInputError(f"{edit.find!r:.200} is not in {edit.file}", _near(text, edit.find))
    if len(places) > 1:
        lines = ", ".join(str(text.count("\n", 0, place) + 1) for place in places[:20])
        raise BadInputError(
            f"{edit.find!r:.200} is {len(places)} times in {edit.file}: at lines {lines}",
            "Give more of the lines around the one that is meant",
        )
    return text[: places[0]] + edit.replace + text[places[0] + len(edit.find) :]


def patch(source: Source, diff: str, require: Callable[[str], str]) -> Source:
    """Apply a unified diff, as git does.

    Args:
        source: What to apply it to.
        diff: With or without `a/` and `b/` before the paths; the counts in its hunks need not be right.
        require: Raises for a path that may not be changed.

    Raises:
        BadInputError: It can't be applied.
    """
    if re.search(r"^GIT binary patch$", diff, re.MULTILINE):
        raise BadInputError("The patch holds a binary file", "Only UTF-8 text can be changed")
    prefixed = re.search(r"^(?:diff --git |--- |\+\+\+ )[ab]/", diff, re.MULTILINE)
    options = ["--recount", "--whitespace=nowarn", f"-p{1 if prefixed else 0}"]
    data = (diff.rstrip("\n") + "\n").encode("utf-8", "surrogatepass")
    with TemporaryDirectory(prefix="labhand-") as name:
        folder = Path(name).resolve()
        for touched in _git_apply("--numstat", "-z", *options, folder=folder, data=data).decode("utf-8", "replace").split("\0"):
            if touched:
                require(touched.split("\t", 2)[-1])
        for path, content in source.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        _git_apply(*options, folder=folder, data=data)
        return _collect(folder)


def _git_apply(*options: str, folder: Path, data: bytes) -> bytes:
    # In a folder inside a repository git would take the patch's paths as that repository's.
    answer = git.attempt("apply", *options, cwd=folder, data=data, variables={"GIT_CEILING_DIRECTORIES": str(folder.parent)})
    if answer.status != 0:
        complaint = "; ".join(line.removeprefix("error: ") for line in answer.complaint.splitlines()[:LINES_TOLD])
        raise BadInputError(
            f"The patch can't be applied: {complaint}",
            "Its context lines must be the base's own, as read_source shows them; or send edits instead",
        )
    return answer.output


def _collect(folder: Path) -> Source:
    found: dict[str, bytes] = {}
    for place, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(place, name)
            inside = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise BadInputError(f"The patch makes {inside} a symlink", "Only plain files can be part of a source")
            if path.is_file():
                found[inside] = path.read_bytes()
    return found


def _near(text: str, find: str) -> str:
    """The lines that were probably meant."""
    if "\r\n" in text and "\r\n" not in find and "\n" in find:
        return "The file's lines end in CRLF (\\r\\n), those of find do not"
    wanted = [line.strip()[:WIDTH_COMPARED] for line in find.strip("\n").split("\n")]
    lines = text.split("\n")
    there = [line.strip()[:WIDTH_COMPARED] for line in lines]
    telling = max(wanted, key=len)
    for match in get_close_matches(telling, there, n=1):
        first = max(0, there.index(match) - wanted.index(telling))
        told = "\n".join(f"{line:.160}" for line in lines[first : first + min(len(wanted), LINES_TOLD)])
        return f"The nearest, from line {first + 1} on:\n{told}"
    return "Nothing in it is near; see read_source for what it holds"
