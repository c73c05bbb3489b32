"""A person's own text: a folder of `.txt` files, each of them a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ..progress import Say
from . import DataError, SplitName, grouped, split_of


@dataclass(frozen=True, slots=True)
class FilesPart:
    """A `Part` that is some of the files."""

    files: tuple[Path, ...]
    size: int

    def documents(self) -> Iterator[str]:
        """Each file's text."""
        for file in self.files:
            yield file.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Folder:
    """A source that is the path of a folder.

    Attributes:
        path: Absolute; `.txt` files anywhere below it are documents.
    """

    path: Path

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.name

    @property
    def identity(self) -> str:
        """The files' names, sizes and times, which change with the content and are cheap to read."""
        files = [f"{self._document(file)} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in self._files()]
        digest = sha256("\n".join(files).encode()).hexdigest()
        return f"{self.path} {len(files)} files sha256:{digest}"

    def fetch(self, downloads: Path, say: Say) -> None:  # noqa: ARG002  nothing is downloaded
        """Check that there is something to read."""
        if not self._files():
            raise DataError(f"There are no .txt files in {self.path}.")

    def parts(self, downloads: Path, split: SplitName) -> list[FilesPart]:  # noqa: ARG002
        """The files of one split, by name."""
        files = [file for file in self._files() if split_of(self._document(file)) == split]
        return [FilesPart(tuple(some), size) for some, size in grouped((file, file.stat().st_size) for file in files)]

    def _files(self) -> list[Path]:
        return sorted(self.path.rglob("*.txt"))

    def _document(self, file: Path) -> str:
        return file.relative_to(self.path).as_posix()
