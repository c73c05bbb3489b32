"""Sources of text. Each yields documents, split into training, validation and sealed test.

A hash of a document's name decides its split, so that no text is both learned and scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from ..progress import Say

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")

VALIDATION_SHARE = 0.08
TEST_SHARE = 0.05
PART_BYTES = 4_000_000
"""Of text in a part, about: small enough for a bar of progress, and large enough that handing it over costs nothing."""

_Item = TypeVar("_Item")


class DataError(Exception):
    """A corpus can't be fetched, prepared or read; the text says what to do."""


class Part(Protocol):
    """Some documents of a split that follow each other. It can be sent to another process, which reads them there."""

    @property
    def size(self) -> int:
        """About how many bytes of text it has."""
        ...

    def documents(self) -> Iterator[str]:
        """The texts, in an order that never changes."""
        ...


class Source(Protocol):
    """A body of text."""

    @property
    def name(self) -> str:
        """Begins the names of the cache's folders."""
        ...

    @property
    def identity(self) -> str:
        """Identifies the content, such as by version and checksum; a corpus of another identity is prepared again."""
        ...

    def fetch(self, downloads: Path, say: Say) -> None:
        """Download what is missing into a folder, and check all of it.

        Args:
            downloads: The folder, which is there.
            say: Takes lines that tell how far it is.

        Raises:
            DataError: The source can't be reached, or the files aren't what was asked for.
        """
        ...

    def parts(self, downloads: Path, split: SplitName) -> Sequence[Part]:
        """One split in parts. Their documents, one part after another, are the split, in an order that never changes."""
        ...


def grouped(items: Iterable[tuple[_Item, int]]) -> Iterator[tuple[list[_Item], int]]:
    """Join items that follow each other until they have about `PART_BYTES`.

    Args:
        items: Each with its size in bytes.

    Returns:
        Lists of items, each with the sum of the sizes.
    """
    together, size = list[_Item](), 0
    for item, item_size in items:
        together.append(item)
        size += item_size
        if size >= PART_BYTES:
            yield together, size
            together, size = [], 0
    if together:
        yield together, size


def split_of(document: str) -> SplitName:
    """The split that a document's name falls into."""
    share = int.from_bytes(sha256(document.encode()).digest()[:8], "big") / 2**64
    if share < TEST_SHARE:
        return "test"
    return "validation" if share < TEST_SHARE + VALIDATION_SHARE else "train"


def find_source(corpus: str) -> Source:
    """The source of a corpus's name.

    Args:
        corpus: `sotu`, `climbmix`, `climbmix:40` for forty training shards, or the path of a folder of `.txt` files.

    Raises:
        DataError: There is no such source.
    """
    from .climbmix import ClimbMix  # noqa: PLC0415  the sources import this module
    from .folder import Folder  # noqa: PLC0415
    from .sotu import Sotu  # noqa: PLC0415

    name, _, shards = corpus.partition(":")
    if corpus == "sotu":
        return Sotu()
    if name == "climbmix" and (not shards or shards.isdecimal()):
        return ClimbMix(int(shards)) if shards else ClimbMix()
    if Path(corpus).is_dir():
        return Folder(Path(corpus).resolve())
    choices = "sotu, climbmix, climbmix:SHARDS, or the path of a folder of .txt files"
    raise DataError(f"There is no corpus {corpus!r}. Choose one of: {choices}.")
