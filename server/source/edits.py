"""Two ways to change text: an exact replacement, and a unified diff.

A file keeps its line ends: a text with LF is found in a file with CRLF and the reverse, and what is put in gets the file's own.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from heapq import nlargest
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from ..errors import BadInputError
from ..schemas.launch import Edit
from ..schemas.messages import changed
from . import git
from .source_text import as_utf8, encode
from .trainer_folder import Source

MAX_LINES_QUOTED = 8
FILE_LINE_ENDS = "The text is there, but some of its lines end with \\r\\n, and others with \\n"
MAX_WIDTH_COMPARED = 200
"""Characters of a line that are compared with others, to find a similar one."""
MAX_LINES_COMPARED = 500
"""The lines with the most words in common that are compared: comparing two lines may take some milliseconds."""
_WORD = re.compile(r"\w+")
MAX_PLACES = 20
"""Places of a text that an error lists."""


def replace(text: str, edit: Edit) -> str:
    """Replaces the only occurrence of `find`.

    Raises:
        BadInputError: `find` doesn't occur (the error quotes the most similar lines), or occurs several times (the error lists
            the lines).
    """
    edit = changed(edit, find=as_in(text, edit.find), replace=as_in(text, edit.replace))
    if not edit.find:
        raise BadInputError(f"An edit of {edit.file} has an empty find", "Give the text to replace, or the whole file in files")
    places = list(islice(_places(text, edit.find), MAX_PLACES + 1))
    if not places:
        raise BadInputError(f"{edit.find!r:.200} is not in {edit.file}", _near(text, edit.find))
    if len(places) > 1:
        lines = ", ".join(str(text.count("\n", 0, place) + 1) for place in places[:MAX_PLACES])
        times = f"{len(places)} times" if len(places) <= MAX_PLACES else f"more than {MAX_PLACES} times"
        raise BadInputError(
            f"{edit.find!r:.200} occurs {times} in {edit.file}: at lines {lines}",
            "Give more of the surrounding lines, so that it occurs once",
        )
    return text[: places[0]] + edit.replace + text[places[0] + len(edit.find) :]


def _places(text: str, find: str) -> Iterator[int]:
    """Yields where a text occurs, also where it overlaps itself."""
    place = text.find(find)
    while place >= 0:
        yield place
        place = text.find(find, place + 1)


def patch(source: Source, diff: str, require: Callable[[str], str]) -> Source:
    """Applies a unified diff, as git does. Line ends, a byte order mark and a missing last line end of a file don't matter.

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
    try:
        return _apply(source, data, options, require)
    except BadInputError:
        plain = {path: _plain(content) for path, content in source.items()}
        if plain == source and b"\r\n" not in data:
            raise
    changed = _apply(plain, data.replace(b"\r\n", b"\n"), options, require)
    return {path: _as_before(content, plain.get(path), source.get(path)) for path, content in changed.items()}


def _apply(source: Source, data: bytes, options: Sequence[str], require: Callable[[str], str]) -> Source:
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


def as_in(text: str, part: str) -> str:
    """Returns a part with the line ends that all lines of a text have; the part itself where the text has both, or none."""
    line_ends = text.count("\n")
    if not line_ends or text.count("\r\n") not in {0, line_ends}:
        return part
    plain = part.replace("\r\n", "\n")
    return plain.replace("\n", "\r\n") if "\r\n" in text else plain


def _plain(content: bytes) -> bytes:
    """Returns a file as git's `apply` compares it best: without a byte order mark, every line ended by LF."""
    plain = content.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")
    return plain if plain.endswith(b"\n") or not plain else plain + b"\n"


def _as_before(changed: bytes, plain: bytes | None, original: bytes | None) -> bytes:
    """Returns a changed file with the byte order mark and the line ends of the original."""
    if plain is None or original is None:
        return changed
    if changed == plain:
        return original
    if original.count(b"\r\n") == original.count(b"\n") > 0:
        changed = changed.replace(b"\n", b"\r\n")
    mark = codecs.BOM_UTF8 if original.startswith(codecs.BOM_UTF8) else b""
    return mark + changed


def _git_apply(*options: str, folder: Path, data: bytes) -> bytes:
    # Without the ceiling, git would resolve the patch's paths in a repository that contains the folder.
    answer = git.attempt("apply", *options, cwd=folder, data=data, variables={"GIT_CEILING_DIRECTORIES": str(folder.parent)})
    if answer.status != 0:
        complaint = "; ".join(line.removeprefix("error: ") for line in answer.complaint.splitlines()[:MAX_LINES_QUOTED])
        raise BadInputError(
            f"The patch can't be applied: git apply says: {complaint}",
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
    wanted = [line.strip()[:MAX_WIDTH_COMPARED] for line in find.strip("\n").split("\n")]
    if find.replace("\r\n", "\n") in text.replace("\r\n", "\n"):
        return f"{FILE_LINE_ENDS}: write \\r\\n in find on those lines"
    lines = text.split("\n")
    compared = [line.strip()[:MAX_WIDTH_COMPARED] for line in lines]
    longest = max(wanted, key=len)
    words = set(_WORD.findall(longest))
    candidates = nlargest(
        MAX_LINES_COMPARED, dict.fromkeys(compared), lambda line: len(words.intersection(_WORD.findall(line)))
    )
    for match in get_close_matches(longest, candidates, n=1):
        first = max(0, compared.index(match) - wanted.index(longest))
        quoted = "\n".join(f"{line:.160}" for line in lines[first : first + min(len(wanted), MAX_LINES_QUOTED)])
        return f"The most similar lines, from line {first + 1} on:\n{quoted}"
    return "No line is similar; read_source shows the file"
