"""What hosts say, found again in the logs that SkyPilot gives: behind prefixes, between colours, perhaps cut, perhaps twice."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from ....trainer.contract.host_events import MARK

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_RUN = re.compile(r"e\d+-\d+")
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
    return cast("Event", found) if isinstance(found, dict) and _is_sound(cast("Event", found)) else None


def _is_sound(found: Event) -> bool:
    """Whether it has a time, and names runs as the lab does: their names become names of files."""
    runs = [found["run"]] if "run" in found else found.get("alive", ())
    return isinstance(found.get("t"), int | float) and all(isinstance(run, str) and _RUN.fullmatch(run) for run in runs)


def words(line: str) -> str:
    """What a line says to people: without colours and prefixes."""
    return _PREFIX.sub("", _ANSI.sub("", line)).rstrip()
