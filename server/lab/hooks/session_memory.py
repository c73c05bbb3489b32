"""What the hooks remember between two calls: how far results were seen, and what a session was told last.

A file in the lab's data folder. The database isn't written: a hook must never wait for another process. What is lost here costs
one reminder, or makes old results new once more.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, cast

from ....trainer.contract.files import write_whole
from ...errors import BadInputError
from ...ids import parse_ids
from ...lab_place import LabPlace
from ...store.glance import SeenGlance

FILE = "hooks.json"
MAX_SESSIONS = 50
"""The newest sessions whose reminders are remembered."""


class SessionMemory(NamedTuple):
    """What is remembered of a lab.

    Attributes:
        seen: What had finished when an agent last ended its turn; None if none has yet.
        seen_at: When that was, as a Unix time.
        reminders: For each session, what its last reminder was about.
    """

    seen: SeenGlance | None = None
    seen_at: float = 0.0
    reminders: Mapping[str, str] = {}

    def has_reminded(self, session: str, about: str) -> bool:
        """Return whether the last reminder of a session was about all of these experiments and validations."""
        return _named(about) <= _named(self.reminders.get(session, ""))

    def after_turn(self, seen: SeenGlance) -> SessionMemory:
        """Return what is remembered once an agent has ended its turn."""
        return self._replace(seen=seen, seen_at=time.time())

    def with_reminder(self, session: str, about: str) -> SessionMemory:
        """Return what is remembered once a session was reminded."""
        others = {name: text for name, text in self.reminders.items() if name != session}
        kept = dict([*others.items(), (session, about)][-MAX_SESSIONS:])
        return self._replace(reminders=kept)


def _named(ids: str) -> set[tuple[str, int]]:
    """Return what ids and ranges name: the kind and the number of each."""
    try:
        named = parse_ids(ids.split())
    except BadInputError:  # another version wrote them
        return set()
    return {*(("e", number) for number in named.experiments), *(("v", number) for number in named.validations)}


def recall(place: LabPlace) -> SessionMemory:
    """Return what is remembered of a lab; nothing if the file is missing or broken."""
    try:
        content = cast("dict[str, Any]", json.loads(_path(place).read_text("utf-8")))
        seen = content["seen"]
        reminders = {str(name): str(text) for name, text in content["reminders"].items()}
        return SessionMemory(SeenGlance(int(seen[0]), int(seen[1])) if seen else None, float(content["seen_at"]), reminders)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return SessionMemory()


def remember(place: LabPlace, memory: SessionMemory) -> None:
    """Write down what is remembered. Where the lab can't be or mustn't be changed, nothing is."""
    if place.read_only:
        return
    with suppress(OSError):
        write_whole(_path(place), json.dumps(memory._asdict()), flush=False)


def _path(place: LabPlace) -> Path:
    return place.folder / FILE
