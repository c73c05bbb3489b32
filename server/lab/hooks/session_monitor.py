"""`labhand hook monitor`: prints a line when an idle agent has something to do. Its client wakes the agent for each line.

Every line costs a turn, so there are few: what the agent launched has ended, the person says something, or ends a pause.
Nothing is printed of what a wait tells, which ends for the same reasons.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ...calls import written_call
from ...lab_place import LabPlace, find_lab
from ...store.glance import LabGlance, read_glance
from ..waiting_lock import is_waited_in
from .session_start import ended_in_words, is_pending, message_line

LOOK_SECONDS = 5.0


class SessionMonitor:
    """Finds what is new for an agent between two looks.

    Args:
        place: Where the lab is.
        caller: Whose experiments and validations are meant.
    """

    def __init__(self, place: LabPlace, caller: str) -> None:
        self._place = place
        self._caller = caller
        self._last: LabGlance | None = None
        self._told: LabGlance | None = None
        self._was_waited_in = False

    def look(self) -> list[str]:
        """Return the lines to print. The first look only learns how the lab stands: the briefing has told that."""
        since = None if self._told is None else self._told.seen
        glance = read_glance(self._place.database, since, self._caller)
        if glance is None:
            return []
        last, self._last = self._last, glance
        is_waited = is_waited_in(self._place.folder)
        is_silent, self._was_waited_in = is_waited or self._was_waited_in, is_waited
        lines = [] if last is None or is_silent else list(self._news(last, glance))
        if lines or is_silent or self._told is None:
            self._told = glance
        return lines

    def _news(self, last: LabGlance, glance: LabGlance) -> Iterator[str]:
        known = {message.number for message in last.messages}
        yield from (f"labhand: {message_line(message)}" for message in glance.messages if message.number not in known)
        if last.pause is not None and glance.pause is None:
            yield "labhand: the person has resumed the lab; what is queued starts."
        if is_pending(last.pending) and not is_pending(glance.pending):
            ended = ended_in_words(glance.news)
            yield f"labhand: all that you launched has ended{ended and f'; {ended}'}. {written_call('get_results')} shows it."


def run_monitor(root: Path | None, caller: str) -> None:
    """Print lines until the client ends. Where there is no lab, this ends at once.

    Args:
        root: The lab's folder; by default the lab around the client's folder.
        caller: See `SessionMonitor`.
    """
    place = find_lab(root or Path(os.environ.get("CLAUDE_PROJECT_DIR") or Path.cwd()))
    if place is None:
        return
    client, monitor = os.getppid(), SessionMonitor(place, caller)
    while os.getppid() == client:
        for line in monitor.look():
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        time.sleep(LOOK_SECONDS)
