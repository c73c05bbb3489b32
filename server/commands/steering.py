"""`labhand say`, `pause` and `resume`: how the person steers research that goes on."""

from __future__ import annotations

import getpass
import time
from collections.abc import Sequence
from pathlib import Path

from ..domain import PersonMessage
from ..ids import message_id
from ..lab.sanitize import clean
from ..lab.steering import pausing, person_messages
from .console import err, out
from .show import with_lab

MAX_SHOWN = 20
"""Messages that `labhand say` lists."""


def say(root: Path, text: str) -> None:
    """Save a message to the agent that does the research."""
    message = with_lab(root, lambda lab: person_messages.say(lab, text, getpass.getuser()))
    err.print(f"{message_id(message.number)} stands first in every answer of the lab until the agent answers it with a note.")


def list_messages(root: Path) -> None:
    """Print the newest messages, and what answers them."""
    messages = with_lab(root, lambda lab: person_messages.newest_messages(lab, MAX_SHOWN))
    for line in _lines(messages):
        out.print(line, markup=False, highlight=False)
    if not messages:
        err.print('Nothing was said yet: labhand say "…"')


def _lines(messages: Sequence[PersonMessage]) -> list[str]:
    lines: list[str] = []
    for message in reversed(messages):
        clock = time.strftime("%d %b %H:%M", time.localtime(message.written_at))
        lines.append(f"{message_id(message.number)} {clock} {clean(message.written_by)}: {_one_line(message.text)}")
        lines.append(f"     {'no answer yet' if message.answer is None else _one_line(message.answer)}")
    return lines


def _one_line(text: str) -> str:
    return clean(" ".join(text.split()))


def pause(root: Path, reason: str) -> None:
    """Let nothing start from now on."""
    with_lab(root, lambda lab: pausing.pause(lab, reason, getpass.getuser()))
    err.print("Paused: what runs goes on, and nothing starts until `labhand resume`. Idle clusters are given up.")


def resume(root: Path) -> None:
    """Let experiments start again."""
    before = with_lab(root, pausing.resume)
    err.print("The lab wasn't paused." if before is None else "Resumed: what is queued starts.")
