"""The files that a run wrote: found below its working folder alone, as plain files of a bounded size."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from ...contract.files import open_plain
from .samples import UnreadableError

MAX_FILES = 1000
"""Files that a glob may match."""
MAX_FILE_BYTES = 256 << 20
"""Of a file that is read record by record or line by line."""
_WILD = frozenset("*?[")


def find_files(pattern: str, work: Path, source: Path) -> list[Path]:
    """The files that a path or a glob names, the one that was written last at the end.

    Files that were there before the run, and that it didn't change, are left out: a number of an earlier training says nothing
    of this one. A symlink counts if it leads to a file below the folder.

    Args:
        pattern: Relative to the working folder.
        work: The working folder.
        source: The folder that it was copied from.

    Raises:
        UnreadableError: No file is left; says why.
    """
    if not _WILD.intersection(pattern):
        candidates = [work / pattern] if os.path.lexists(work / pattern) else []
    else:
        candidates = _matching(pattern, work)
    if not candidates:
        raise UnreadableError(f"{pattern} is missing: the run wrote no such file")
    problems: list[str] = []
    found: dict[Path, int] = {}
    for path in candidates:
        problem = _problem(path, work, source)
        if problem:
            problems.append(f"{path.relative_to(work)} {problem}")
        else:
            real = path.resolve()
            found[real] = real.stat().st_mtime_ns
    if not found:
        raise UnreadableError(problems[0])
    return sorted(found, key=lambda path: (found[path], str(path)))


def _matching(pattern: str, work: Path) -> list[Path]:
    matching: list[Path] = []
    for path in work.glob(pattern):
        if len(matching) == MAX_FILES:
            raise UnreadableError(f"{pattern} matches more than {MAX_FILES} files: name fewer")
        if not path.is_dir():
            matching.append(path)
    return matching


def _problem(path: Path, work: Path, source: Path) -> str:
    """What keeps a file from being read; empty if nothing does."""
    try:
        real = path.resolve(strict=True)
        status = real.stat()
    except (OSError, RuntimeError):
        return "leads to nothing"
    if not real.is_relative_to(work.resolve()):
        return "leads out of the run's folder, and only files inside of it are read"
    if not stat.S_ISREG(status.st_mode):
        return "is no plain file"
    if status.st_nlink > 1:
        return "is a hard link: write a file of its own"
    if status.st_size > MAX_FILE_BYTES:
        return f"has {status.st_size >> 20} MiB, and {MAX_FILE_BYTES >> 20} MiB are the most"
    before = source / real.relative_to(work.resolve())
    if _is_unchanged(before, status):
        return "was there before the run, which didn't write it"
    return ""


def _is_unchanged(before: Path, status: os.stat_result) -> bool:
    try:
        original = before.lstat()
    except OSError:
        return False
    return (original.st_size, original.st_mtime_ns) == (status.st_size, status.st_mtime_ns)


def read_file(path: Path, max_bytes: int) -> bytes:
    """The content of a file.

    Raises:
        UnreadableError: It is larger, or can't be opened.
    """
    with open_file(path) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise UnreadableError(f"{path.name} has more than {max_bytes >> 20} MiB, which are the most for a file of its kind")
    return content


def open_file(path: Path) -> BufferedReader:
    """Open a plain file for reading.

    Raises:
        UnreadableError: It can't be opened.
    """
    descriptor = open_plain(path)
    if descriptor is None:
        raise UnreadableError(f"{path.name} can't be opened as a plain file")
    return os.fdopen(descriptor, "rb")


def text_lines(path: Path, max_line_bytes: int = 1 << 20) -> Iterator[str]:
    """The lines of a text file, without a byte order mark.

    Raises:
        UnreadableError: A line is too long.
    """
    with open_file(path) as file:
        first = True
        while line := file.readline(max_line_bytes):
            if len(line) == max_line_bytes:
                raise UnreadableError(f"{path.name} has a line of more than {max_line_bytes >> 20} MiB")
            yield line.decode("utf-8-sig" if first else "utf-8", "replace")
            first = False
