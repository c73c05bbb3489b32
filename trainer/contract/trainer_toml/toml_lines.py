"""Where keys stand in a TOML file, for errors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence


def line_of(text: str, keys: Sequence[str]) -> int | None:
    """The line of a TOML file on which a key is set, or else the header of the innermost of its tables that the file has.

    Args:
        text: Of the file.
        keys: The key, with the names of its tables before it. A table of an array is named by its place: `metrics`, `2`.

    Returns:
        Counted from 1; None if the file has none of them.
    """
    table: list[str] = []
    places: Counter[str] = Counter()
    depth, line_number = 0, None
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*(\[\[?)([^\[\]]+)\]", line):
            table = path = _parts(header[2])
            if header[1] == "[[":
                places[header[2]] += 1
                table = path = [*path, str(places[header[2]])]
        elif assigned := re.match(r"\s*([\w.\-\"]+)\s*=", line):
            path = table + _parts(assigned[1])
        else:
            continue
        if path == list(keys[: len(path)]) and len(path) > depth:
            depth, line_number = len(path), number
    return line_number


def _parts(key: str) -> list[str]:
    return [part.strip().strip('"') for part in key.split(".")]
