"""Two ways to change text: an exact replacement, and a unified diff."""

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
from .source_text import as_utf8, encode
from .trainer_folder import Source

MAX_LINES_QUOTED = 8
MAX_WIDTH_COMPARED = 200


def replace(text: str, edit: Edit) -> str:
    """Replaces the only occurrence of `find`.

    Raises:
        BadInputError: `find` doesn't occur (the error quotes the most similar lines), or occurs several times (the error lists
            the lines).
    """
    if not edit.find:
        raise BadInputError(f"An edit of {edit.file} has an empty find", "Give the text to replace, or the whole file in files")
    places = [match.start() for match in re.finditer(rf"(?={re.escape(edit.find)})", text)]
    if not places:
        raise BadInputError(f"{edit.find!r:.200} is not in {edit.file}", _near(text, edit.find))
    if len(places) > 1:
        lines = ", ".join(str(text.count("\n", 0, place) + 1) for place in places[:20])
        raise BadInputError(
            f"{edit.find!r:.200} occurs {len(places)} times in {edit.file}: at lines {lines}",
            "Give more of the surrounding lines, so that it occurs once",
        )
    return text[: places[0]] + edit.replace + text[places[0] + len(edit.find) :]


def patch(source: Source, diff: str, require: Callable[[str], str]) -> Source:
    """Applies a unified diff, as git does.

    Args:
        source: The source to change.
        diff: With or without `a/` and `b/` before the paths. The line counts of its hunks may be wrong.
        require: Raises an error for a path that may not be changed.

    Raises:
        BadInputError: The diff can't be applied.
    """
    if re.search(r"^GIT binary patch$", diff, re.MULTILINE):
        raise BadInputError("The patch contains a binary file", "Only UTF-8 text can be changed")
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
            file.write_bytes(as_utf8(path, content))
        _git_apply(*options, folder=folder, data=data)
        return {path: _encoded(path, data, source.get(path)) for path, data in _collect(folder).items()}


def _encoded(path: str, data: bytes, before: bytes | None) -> bytes:
    """Returns a patched file, which is in UTF-8 like the patch, in the encoding of the source."""
    if before is not None and as_utf8(path, before) == data:
        return before
    try:
        return encode(path, data.decode(), before or b"")
    except UnicodeDecodeError:
        return data  # not text: refused by whoever checks the source


def _git_apply(*options: str, folder: Path, data: bytes) -> bytes:
    # Without the ceiling, git would resolve the patch's paths in a repository that contains the folder.
    answer = git.attempt("apply", *options, cwd=folder, data=data, variables={"GIT_CEILING_DIRECTORIES": str(folder.parent)})
    if answer.status != 0:
        complaint = "; ".join(line.removeprefix("error: ") for line in answer.complaint.splitlines()[:MAX_LINES_QUOTED])
        raise BadInputError(
            f"The patch can't be applied: {complaint}",
            "Its context lines must equal those of the base, as read_source shows them; or use edits instead",
        )
    return answer.output


def _collect(folder: Path) -> Source:
    files_by_path: dict[str, bytes] = {}
    for place, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(place, name)
            inside = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise BadInputError(f"The patch makes {inside} a symbolic link", "Only regular files can be part of a source")
            if path.is_file():
                files_by_path[inside] = path.read_bytes()
    return files_by_path


def _near(text: str, find: str) -> str:
    """Returns the lines that were probably meant, as a remedy."""
    if "\r\n" in text and "\r\n" not in find and "\n" in find:
        return "The file's lines end with CRLF (\\r\\n), those of find don't"
    wanted = [line.strip()[:MAX_WIDTH_COMPARED] for line in find.strip("\n").split("\n")]
    lines = text.split("\n")
    compared = [line.strip()[:MAX_WIDTH_COMPARED] for line in lines]
    longest = max(wanted, key=len)
    for match in get_close_matches(longest, compared, n=1):
        first = max(0, compared.index(match) - wanted.index(longest))
        quoted = "\n".join(f"{line:.160}" for line in lines[first : first + min(len(wanted), MAX_LINES_QUOTED)])
        return f"The most similar lines, from line {first + 1} on:\n{quoted}"
    return "No line is similar; read_source shows the file"
