"""Changes: from a base and what the caller asks for to a new source, and what differs between two sources in a few words.

Everything here is plain computation on sources, but for git, which applies patches and merges: call it in a thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from .knobs import Value
from .requests import Change
from .trainers import Source, Trainer


@dataclass(frozen=True, slots=True)
class Brought:
    """What an experiment changed, to be merged into another source.

    Attributes:
        id: `e0042`.
        before: The source of its base.
        after: Its own.
    """

    id: str
    before: Source
    after: Source


def apply_change(base: Source, change: Change, trainer: Trainer, brought: Sequence[Brought]) -> Source:
    """Make a source: files, patch, what `apply` brings, edits, overrides, in this order.

    Args:
        base: The source that `change.base` names.
        change: What the caller asks for; its `base` and `apply` are already looked up.
        trainer: Says which files are editable.
        brought: What the experiments in `change.apply` changed, in that order.

    Raises:
        BadInputError: A part can't be applied, a file isn't editable, or the result has a syntax error.
        ConflictError: What is brought touches the same lines.
    """
    raise NotImplementedError


def take_folder(folder: Source, baseline: Source, trainer: Trainer) -> Source:
    """The editable files of a folder on disk with the baseline's protected ones, for `base="workdir"`.

    Raises:
        BadInputError: A protected file differs from the baseline's, or a file has a syntax error.
    """
    raise NotImplementedError


class Knobs:
    """The knobs of a source's editable files, parsed once: the fast path for the cells of a grid."""

    def __init__(self, source: Source, trainer: Trainer) -> None: ...

    @property
    def values(self) -> dict[str, Value]:
        """Every knob's value."""
        raise NotImplementedError

    def override(self, values: Mapping[str, JsonValue]) -> Source:
        """The source with these knobs set; files without one of them are the same objects.

        Raises:
            BadInputError: A knob is unknown or in several files, or a value can't be of its type.
        """
        raise NotImplementedError

    def coerce(self, values: Mapping[str, JsonValue]) -> dict[str, Value]:
        """The values as the source will hold them (`"2**20"` → 1048576, `[1, 2]` → `(1.0, 2.0)`), only those that differ."""
        raise NotImplementedError

    def describe(self, values: Mapping[str, JsonValue]) -> str:
        """What setting these knobs changes: `DEPTH 4→6, MATRIX_LR 0.02→0.04`."""
        raise NotImplementedError


def knobs_of(source: Source, trainer: Trainer) -> dict[str, Value]:
    """Every knob's value. A name that two editable files set is none."""
    return Knobs(source, trainer).values


def describe(before: Source, after: Source) -> str:
    """What differs, in a few words: `DEPTH 4→6; train.py +12 −3: class Block, def main`. Empty when nothing does."""
    raise NotImplementedError


def diffstat(before: Source, after: Source) -> str:
    """Lines added and removed for each file: `train.py +12 −3`. Empty when nothing differs."""
    raise NotImplementedError
