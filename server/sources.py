"""Every source ever tried: the bare git repository `.labhand/source.git`.

Several processes use it at once; git's own locks keep them apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .trainers import Source


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A source to be kept.

    Attributes:
        delta: What differs from the first parent, or from nothing; None for a file that is gone. See `delta`.
        parents: The source it was made from, then those it brought in.
        message: Of the commit.
    """

    delta: Mapping[str, bytes | None]
    parents: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A source that is kept.

    Attributes:
        hash: Of the commit.
        tree: Of the content: equal trees are the same source.
    """

    hash: str
    tree: str


def delta(before: Source, after: Source) -> dict[str, bytes | None]:
    """What differs between two sources, as a commit holds it. `before` is empty for a source without a parent."""
    changed: dict[str, bytes | None] = {path: data for path, data in after.items() if before.get(path) != data}
    return changed | {path: None for path in before if path not in after}


class Sources:
    """The repository."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    async def open(cls, path: Path) -> Sources:
        """Use the repository at `path`; make it if there is none."""
        raise NotImplementedError

    async def commit(self, batch: Sequence[NewCommit]) -> list[Commit]:
        """Keep sources, all in one go, in their order."""
        raise NotImplementedError

    async def tag(self, experiments: Mapping[str, str]) -> None:
        """Name commits by their experiments, and make the last one what a plain `git log` shows."""
        raise NotImplementedError

    async def read(self, commit: str) -> Source:
        """The files of a commit.

        Raises:
            NotFoundError: There is no such commit.
        """
        raise NotImplementedError

    async def diff(self, before: str, after: str, paths: Sequence[str] = (), most: int = 20_000) -> str:
        """A unified diff between two commits, cut after `most` characters."""
        raise NotImplementedError

    async def export(self, commit: str, folder: Path) -> None:
        """Write the files of a commit into a folder, which is made."""
        raise NotImplementedError
