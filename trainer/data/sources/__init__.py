"""Where text comes from: each source yields documents, already split into training, validation and sealed test.

A document belongs to one split for good, by a hash of its name, so that no text is both learned and scored.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Literal, Protocol

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")

VALIDATION_SHARE = 0.08
TEST_SHARE = 0.05


class DataError(Exception):
    """A corpus can't be fetched, prepared or read; the text says what to do."""


class Source(Protocol):
    """A body of text."""

    @property
    def name(self) -> str:
        """What the cache's folders are called after."""
        ...

    @property
    def identity(self) -> str:
        """What pins its content, such as a version and a checksum; another identity is prepared anew."""
        ...

    def fetch(self, downloads: Path) -> None:
        """Bring what is missing into a folder, checked in full.

        Raises:
            DataError: It can't be reached, or what came isn't what was asked for.
        """
        ...

    def documents(self, downloads: Path, split: SplitName) -> Iterator[str]:
        """The texts of one split, in an order that never changes."""
        ...


def split_of(document: str) -> SplitName:
    """The split that a document's name falls into."""
    share = int.from_bytes(sha256(document.encode()).digest()[:8], "big") / 2**64
    if share < TEST_SHARE:
        return "test"
    return "validation" if share < TEST_SHARE + VALIDATION_SHARE else "train"


def find_source(corpus: str) -> Source:
    """The source that a name means.

    Args:
        corpus: `sotu`, `climbmix`, `climbmix:40` for forty training shards, or the path of a folder of `.txt` files.

    Raises:
        DataError: There is no such source.
    """
    from .climbmix import ClimbMix  # noqa: PLC0415  the sources stand on this module
    from .folder import Folder  # noqa: PLC0415
    from .sotu import Sotu  # noqa: PLC0415

    name, _, shards = corpus.partition(":")
    if corpus == "sotu":
        return Sotu()
    if name == "climbmix" and (not shards or shards.isdecimal()):
        return ClimbMix(int(shards)) if shards else ClimbMix()
    if Path(corpus).is_dir():
        return Folder(Path(corpus).resolve())
    known = "sotu, climbmix, climbmix:SHARDS, or the path of a folder of .txt files"
    raise DataError(f"There is no corpus {corpus!r}. There is: {known}.")
