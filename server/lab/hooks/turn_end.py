"""Whether an agent that ends its turn should go on: only while experiments run and nothing waits for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ...ids import id_ranges, validation_id
from ...store.glance import LabGlance, PendingGlance
from .session_memory import SessionMemory
from .session_start import person_lines
from .waiting_command import waiting_command

_WAITS = re.compile(r"labhand\S*['\"]?(?:\s+\S+)*?\s+wait\b")
"""A command line that runs `labhand wait`, by name, by path or as a module."""


class TurnEnd(NamedTuple):
    """A turn that ends.

    Attributes:
        session: The id of the session.
        is_reminded: The agent goes on already because a hook asked for it.
        commands: What the session runs in the background.
    """

    session: str
    is_reminded: bool = False
    commands: Sequence[str] = ()

    @property
    def waits(self) -> bool:
        """Whether something waits for experiments."""
        return any(_WAITS.search(command) for command in self.commands)


def reminder(turn: TurnEnd, glance: LabGlance, memory: SessionMemory, where: Sequence[str] = ()) -> str:
    """Return what keeps the agent going, with the next call to make; empty if the turn may end.

    A session isn't reminded again of what the last reminder was about: an agent that ends its turn all the same may do so. What
    has ended meanwhile is no reason for another one.

    Args:
        turn: The turn.
        glance: The lab, with what is pending of this agent's.
        memory: What the hooks remember.
        where: Arguments that name the lab to a command, if it isn't the one around the client's folder.
    """
    pending = _startable(glance)
    if not about(glance) or turn.waits or memory.has_reminded(turn.session, about(glance)):
        return ""
    if turn.is_reminded and turn.session not in memory.reminders:  # nothing could be remembered, so it may be the same again
        return ""
    counted = [
        _counted(len(pending.alone), "experiment"),
        _counted(len(pending.validations), "validation"),
    ]
    what = " and ".join(filter(None, counted))
    still, them = ("hasn't", "it") if len(pending.alone) + len(pending.validations) == 1 else ("haven't", "them")
    line = f"labhand: {what} of yours {still} ended, and nothing waits for {them}. {waiting_command(pending, where)}"
    return "\n".join([*person_lines(glance), line])


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count > 1 else ''}" if count else ""


def about(glance: LabGlance) -> str:
    """Return what a reminder of now would be about; empty if there is nothing to remind of."""
    pending = _startable(glance)
    return " ".join([*map(validation_id, pending.validations), *id_ranges(pending.alone)])


def _startable(glance: LabGlance) -> PendingGlance:
    """Return what can finish without the agent: under a pause, what runs."""
    pending = glance.pending
    if glance.pause is None:
        return pending
    return pending._replace(queued=[], validations=pending.validations if pending.active else [])
