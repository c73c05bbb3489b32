"""`labhand say`: messages of the person to the agent."""

from __future__ import annotations

import getpass
import time
from collections.abc import Sequence
from pathlib import Path

from ..domain import PersonMessage
from ..ids import message_id
from ..lab.sanitize import clean
from ..lab.steering import person_messages
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
