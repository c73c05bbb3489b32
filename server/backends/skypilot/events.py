"""Finds the reports of hosts in the logs that SkyPilot prints: they have prefixes and colours, may be cut, and may repeat."""

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


def parse_event(line: str) -> Event | None:
    """Return the event that a line holds; None if it holds none, or only a part of one."""
    _, mark, text = _ANSI.sub("", line).partition(MARK)
    if not mark:
        return None
    try:
        content, _ = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return None
    return cast("Event", content) if isinstance(content, dict) and _is_valid(cast("Event", content)) else None


def _is_valid(event: Event) -> bool:
    """Whether an event has a time, and names runs as the lab does. The check matters: runs' names become names of files."""
    runs = [event["run"]] if "run" in event else event.get("alive", ())
    return isinstance(event.get("t"), int | float) and all(isinstance(run, str) and _RUN.fullmatch(run) for run in runs)


def plain_line(line: str) -> str:
    """Return a line without the colours and the prefix that SkyPilot adds."""
    return _PREFIX.sub("", _ANSI.sub("", line)).rstrip()
