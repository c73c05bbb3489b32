"""Which files of Hydra's groups a run reads: those that `defaults` lists, or the command, choose.

`conf/config.yaml` with `defaults: [{optimizer: sgd}]` reads `conf/optimizer/sgd.yaml` and no other file of that group. What
can't be told from the text, such as an interpolation, counts as read, so that no knob is refused by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from pathlib import PurePosixPath
from typing import cast

from .config_knobs import MAX_CHARACTERS, group_of, syntax_of

_KEY = re.compile(r"(?P<words>(?:(?:override|optional)\s+)*)(?P<group>/?[\w./-]+)(?:@\S*)?")
"""A key of a `defaults` list: `override /optimizer@trained`."""
_WORD = re.compile(r"\+{0,2}(?P<group>[A-Za-z_][\w/]*)(?:@[^=]*)?=(?P<choice>.+)", re.DOTALL)
"""A word of a command that chooses: `optimizer=adam`."""
_UNKNOWN = re.compile(r"\$\{|\?\?\?")
_MAX_DEPTH = 8
"""How deep chosen files may choose further ones."""


class Rank(IntEnum):
    """What wins if a group is chosen in several places."""

    LISTED = 0
    OVERRIDDEN = 1
    COMMAND = 2


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """An entry of a `defaults` list.

    Attributes:
        key: The key as written; empty for a file that is read without choosing a group (`- base`).
        group: The folder of the chosen file below the folder of configurations, `model/activation`.
        names: The chosen files without suffix; None if the text doesn't tell.
        rank: What wins.
    """

    key: str
    group: str
    names: tuple[str, ...] | None
    rank: Rank = Rank.LISTED


class HydraGroups:
    """The groups of a source, and what is chosen for them."""

    def __init__(self, files: Mapping[str, bytes], command: Sequence[str]) -> None:
        """Reads the `defaults` lists of all files: a protected one may choose an editable file."""
        self._given = [choice for word in command if (choice := _of_word(word))]
        self._grouped = {path: group.replace(".", "/") for path in files if (group := group_of(path))}
        self._lists = {
            path: found
            for path, data in files.items()
            if syntax_of(path) == "yaml" and b"defaults" in data and (found := _choices(path, data))
        }
        named = {choice.group for choice in self._every(self._lists) if choice.key}
        self._unnamed = {path for path in files if self._grouped.get(path) not in named}
        self._read = self._settle_read()

    def is_read(self, path: str) -> bool:
        """Whether a run may read this file: nothing names its group, or it is chosen."""
        return path in self._unnamed or path in self._read

    def is_chosen(self, path: str) -> bool:
        """Whether the file is in a group for which something is chosen, and is what is chosen."""
        return path in self._read and path not in self._unnamed

    def is_choice(self, path: str, name: str) -> bool:
        """Whether a knob of a file is the choice of a group in its `defaults` list."""
        prefixes = ("", f"{group_of(path)}.")
        return any(choice.key and name in {prefix + choice.key for prefix in prefixes} for choice in self._lists.get(path, ()))

    def depth(self, path: str) -> int:
        """Returns how many folders below the folder of configurations a file lies."""
        return len(PurePosixPath(self._grouped.get(path, "")).parts)

    def why_unread(self, path: str) -> tuple[str, list[str], str, str]:
        """Returns for a file that isn't read: its group, the names chosen for it, its own name, the folder of the group."""
        group = self._grouped[path]
        chosen = [name for choice in self._winning(group, self._read) for name in choice.names or ()]
        pure = PurePosixPath(path)
        return group, list(dict.fromkeys(chosen)), pure.stem, str(pure.parent)

    def _every(self, paths: Iterable[str]) -> Iterator[GroupChoice]:
        yield from self._given
        yield from (choice for path in paths for choice in self._lists.get(path, ()))

    def _winning(self, group: str, read: set[str]) -> list[GroupChoice]:
        """Returns the choices that count for a group while these files are read."""
        mine = [choice for choice in self._every(self._unnamed | read) if choice.key and choice.group == group]
        return [choice for choice in mine if choice.rank == max(other.rank for other in mine)]

    def _settle_read(self) -> set[str]:
        """Returns the files that are chosen by files that are read; a chosen one may choose others."""
        read: set[str] = set()
        for _ in range(_MAX_DEPTH):
            added = {path for path in self._grouped if self._names(path, read)}
            if added == read:
                break
            read = added
        return read

    def _names(self, path: str, read: set[str]) -> bool:
        group, name = self._grouped[path], PurePosixPath(path).stem
        plain = [choice for choice in self._every(self._unnamed | read) if not choice.key and choice.group == group]
        return any(choice.names is None or name in choice.names for choice in [*plain, *self._winning(group, read)])


def _of_word(word: str) -> GroupChoice | None:
    found = _WORD.fullmatch(word)
    return GroupChoice(found["group"], found["group"], _names_of(found["choice"]), Rank.COMMAND) if found else None


@lru_cache(maxsize=256)
def _choices(path: str, data: bytes) -> tuple[GroupChoice, ...]:
    import yaml  # noqa: PLC0415  loaded for the files of trainers that have them

    if len(data) > MAX_CHARACTERS:
        return ()
    try:
        content: object = yaml.safe_load(data.decode())
    except (ValueError, RecursionError, yaml.YAMLError):
        return ()
    entries: object = cast("dict[object, object]", content).get("defaults") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        return ()
    folder = group_of(path).replace(".", "/")
    return tuple(choice for entry in cast("list[object]", entries) for choice in _of_entry(entry, folder))


def _of_entry(entry: object, folder: str) -> Iterator[GroupChoice]:
    if isinstance(entry, str):
        group, _, name = _join(folder, entry.partition("@")[0]).rpartition("/")
        yield GroupChoice("", group, _names_of(name))
    elif isinstance(entry, dict):
        for key, value in cast("dict[object, object]", entry).items():
            if isinstance(key, str) and (found := _KEY.fullmatch(key)):
                rank = Rank.OVERRIDDEN if "override" in found["words"] else Rank.LISTED
                yield GroupChoice(key, _join(folder, found["group"]), _names_of(value), rank)


def _join(folder: str, name: str) -> str:
    """Returns a name of a `defaults` list from the folder of configurations; a relative one begins in the file's folder."""
    return name[1:] if name.startswith("/") else f"{folder}/{name}".lstrip("/")


def _names_of(value: object) -> tuple[str, ...] | None:
    values = cast("list[object]", value) if isinstance(value, list) else [] if value is None else [value]
    texts = [str(one) for one in values]
    if any(_UNKNOWN.search(text) for text in texts):
        return None
    return tuple(text.removesuffix(".yaml").removesuffix(".yml") for text in texts)
