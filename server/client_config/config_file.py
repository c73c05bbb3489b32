"""A client's configuration file with labhand's entry: what stands there stays, and a file that can't be read isn't touched."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError

from ...trainer.contract.files import write_whole
from ..errors import BadInputError, ConflictError
from .known_clients import Entry, KnownClient

_MARK = "\ufeff"
"""The byte order mark, with which some editors begin a file."""
NAME = "labhand"
"""Of the entry."""
INDENT = 2
"""Of a new JSON file, in spaces; another file keeps its own."""


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """A change of a client's configuration file.

    Attributes:
        path: The file; links are followed.
        before: Its text now; None if there is no file.
        after: Its text with the entry.
        replaced: The entry of that name that stands there now and differs; None if there is none.
    """

    path: Path
    before: str | None
    after: str
    replaced: Entry | None

    @property
    def is_made(self) -> bool:
        """Whether the file has the entry already."""
        return self.before == self.after

    def as_diff(self) -> str:
        """Return the change as a unified diff."""
        before, after = (self.before or "").splitlines(keepends=True), self.after.splitlines(keepends=True)
        return "".join(difflib.unified_diff(before, after, str(self.path), str(self.path)))

    def write(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            ConflictError: Somebody has changed it since it was read.
            BadInputError: It can't be written.
        """
        if _read(self.path) != self.before:
            raise ConflictError(f"{self.path} was changed meanwhile, so nothing was written", "Run the command again")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            mode = self.path.stat().st_mode & 0o777 if self.before is not None else None
            write_whole(self.path, self.after, mode=mode)
        except OSError as error:
            raise BadInputError(f"{self.path} can't be written: {error.strerror}", "Correct that, and run it again") from error


def plan(client: KnownClient, path: Path, entry: Entry) -> ConfigChange:
    """Return the change that puts an entry into a client's configuration file.

    Args:
        client: Whose file it is.
        path: The file, which need not exist.
        entry: Of labhand.

    Raises:
        BadInputError: The file can't be read, or has another form. The error has the entry, to put it there by hand.
    """
    target = path.resolve()
    before = _read(target)
    if before is None or not before.strip():
        document: Any = tomlkit.document() if client.form == "toml" else {}
    else:
        document = _parsed(client, target, before, entry)
    table = _table(client, target, document, entry)
    found = cast(object, table.get(NAME))
    known = dict(cast("Mapping[str, Any]", found)) if isinstance(found, Mapping) else None
    wanted = {**(known or {}), **entry}  # what the person has added to it, such as `env`, stays
    if known == wanted:
        return ConfigChange(target, before, before or "", None)
    table[NAME] = wanted
    return ConfigChange(target, before, _text(client, document, before or ""), known)


def snippet(client: KnownClient, entry: Entry) -> str:
    """Return the entry as it stands in the file, alone."""
    document: Any = dict(entry)
    for key in reversed([*client.table, NAME]):
        document = {key: document}
    return _text(client, document)


def _text(client: KnownClient, document: Any, before: str = "") -> str:  # noqa: ANN401 - a document of another library
    """Return a document as text, with the indent, the line ends and the byte order mark of the text before it."""
    if client.form == "toml":
        return tomlkit.dumps(document)
    indent = re.search(r"^[ \t]+(?=\")", before, re.MULTILINE)
    text = json.dumps(document, indent=indent[0] if indent else INDENT, ensure_ascii=False) + "\n"
    text = text.replace("\n", "\r\n") if "\r\n" in before else text
    return _MARK + text if before.startswith(_MARK) else text


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")  # with its line ends
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path} can't be read: {error}", "Correct that, and run it again") from error


def _parsed(client: KnownClient, path: Path, text: str, entry: Entry) -> Any:  # noqa: ANN401 - a document of another library
    try:
        document: Any = tomlkit.parse(text) if client.form == "toml" else _json(text)
    except (TOMLKitError, ValueError) as error:
        has_comments = client.form == "json" and ("//" in text or "/*" in text)
        comments = " (comments in JSON are lost by writing it, so it isn't changed)" if has_comments else ""
        raise BadInputError(
            f"{path} can't be read as {client.form.upper()}: {error}{comments}", _by_hand(client, entry)
        ) from error
    if not isinstance(document, MutableMapping):
        raise BadInputError(f"{path} has a list or a value where an object is needed", _by_hand(client, entry))
    return cast(Any, document)


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Return a JSON text's content. A key that stands twice is refused: one of the two would be lost."""

    def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"the key {twice[0]!r} stands there twice")
        return dict(pairs)

    return json.loads(text.removeprefix(_MARK), object_pairs_hook=without_duplicates)


def _table(client: KnownClient, path: Path, document: MutableMapping[str, Any], entry: Entry) -> MutableMapping[str, Any]:
    """Return the table of servers, which is added if it isn't there."""
    table = document
    for key in client.table:
        if key not in table:
            table[key] = tomlkit.table(is_super_table=True) if client.form == "toml" else {}
        inner = cast(object, table[key])
        if not isinstance(inner, MutableMapping):
            raise BadInputError(f"{path}: {key} is {inner!r:.60}, where entries of servers are needed", _by_hand(client, entry))
        table = cast("MutableMapping[str, Any]", inner)
    return table


def _by_hand(client: KnownClient, entry: Entry) -> str:
    return f"Nothing was changed. Put this there by hand:\n{snippet(client, entry)}"
