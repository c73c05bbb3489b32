"""Where a lab is, and what `labhand.toml` says of it: for processes that must start fast.

Standard library only. `server/settings.py` reads the whole of `labhand.toml` and checks it, which takes most of a second on a
slow machine.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

FILE = "labhand.toml"
FOLDER = ".labhand"
DATABASE = "lab.db"
LAST_GOOD = "last-good.toml"
"""In `.labhand` beside `labhand.toml`: the last content of that file that could be used."""
_PREFIX = "LABHAND_"


class LabPlace(NamedTuple):
    """A folder in which a lab is, or is to be.

    Attributes:
        root: The folder of `labhand.toml`, which need not exist.
        folder: The data folder, which need not exist either.
        goal: The goal of the research, in the person's words; may be empty.
        read_only: Whether the settings forbid to change the lab.
    """

    root: Path
    folder: Path
    goal: str
    read_only: bool

    @property
    def database(self) -> Path:
        """The database, which need not exist."""
        return self.folder / DATABASE


def find_root(start: Path) -> Path:
    """The folder of the lab: the first that holds `labhand.toml` or `.labhand`, from `start` upwards, else `start`."""
    place = start.resolve()
    return next((folder for folder in (place, *place.parents) if is_root(folder)), place)


def is_root(folder: Path) -> bool:
    """Whether a lab is, or is to be, in `folder`."""
    return (folder / FILE).is_file() or (folder / FOLDER).is_dir()


def find_lab(start: Path) -> LabPlace | None:
    """Return the lab around a folder; None if there is none.

    Settings that can't be used are passed over: the tools report them.
    """
    root = find_root(start)
    if not is_root(root):
        return None
    content = _usable_content(root)
    data_dir = Path(_text(content, "data_dir") or ".").expanduser()
    read_only = _text(content, "read_only").lower() in {"true", "1", "yes", "on", "t", "y"}
    return LabPlace(root, root / data_dir / FOLDER, _text(content, "goal"), read_only)


def _usable_content(root: Path) -> Mapping[str, Any]:
    """Return the content of `labhand.toml`, or the last good one if the file is missing, empty or broken."""
    for path in (root / FILE, root / FOLDER / LAST_GOOD):
        try:
            text = path.read_text("utf-8-sig")
            if text.strip():
                return tomllib.loads(text)
        except (OSError, ValueError):
            continue
    return {}


def _text(content: Mapping[str, Any], key: str) -> str:
    """Return a setting as text; the environment wins over the file."""
    return str(os.environ.get(f"{_PREFIX}{key.upper()}", content.get(key, "")))
