"""What hosts say, found again in the logs that SkyPilot gives: behind prefixes, between colours, perhaps cut, perhaps twice."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

MARK = "@labhand "
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PREFIX = re.compile(r"^\s*\([\w.\-]+,? (rank=\d+, )?pid=\d+(, ip=[\d.]+)?\)\s?")

Event = Mapping[str, Any]


def event(line: str) -> Event | None:
    """The event that a line holds; None for any other line, and for one that was cut."""
    _, mark, text = _ANSI.sub("", line).partition(MARK)
    if not mark:
        return None
    try:
        found, _ = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("t"), int | float) else None


def words(line: str) -> str:
    """What a line says to people: without colours and prefixes."""
    return _PREFIX.sub("", _ANSI.sub("", line)).rstrip()
