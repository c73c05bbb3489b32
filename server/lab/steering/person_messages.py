"""Messages of the person: each stands first in the answers of the lab until a note answers it."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from ...domain import PersonMessage
from ...errors import BadInputError, NotFoundError
from ...ids import message_id
from ...schemas.manage import NoteRequest
from ...store import steering_state
from ...store.database import Transaction
from ..lab import Lab
from ..sanitize import cut

MAX_TEXT = 2000
"""Characters of a message."""
_ID = re.compile(r"m?0*(\d{1,9})", re.IGNORECASE)


async def say(lab: Lab, text: str, by: str) -> PersonMessage:
    """Save a message to whoever does the research.

    Raises:
        BadInputError: It is empty or too long.
    """
    words = text.strip()
    if not 0 < len(words) <= MAX_TEXT:
        problem = f"The message has {len(words):,} characters" if words else "The message is empty"
        raise BadInputError(problem, f"Write 1 to {MAX_TEXT:,} characters")
    now = time.time()
    async with lab.db.transaction() as tx:
        number = await steering_state.save_message(tx, by, now, words)
    return PersonMessage(number, by, now, words)


async def unanswered(lab: Lab) -> list[PersonMessage]:
    """Return the messages that no note answers yet, the oldest first."""
    return await steering_state.open_messages(lab.db)


async def newest_messages(lab: Lab, most: int) -> list[PersonMessage]:
    """Return the newest messages with what answers them, the newest first."""
    return await steering_state.all_messages(lab.db, most)


async def answer(tx: Transaction, ids: Sequence[str], note: int) -> list[str]:
    """Let a note answer messages, and return their ids.

    Raises:
        BadInputError: A text is no id of a message.
        NotFoundError: There is no such message.
    """
    numbers = [_number(text) for text in ids]
    if missing := await steering_state.answer(tx, numbers, note):
        raise NotFoundError(f"There is no message {message_id(missing[0])}", "The briefing shows those without an answer")
    return [message_id(number) for number in dict.fromkeys(numbers)]


def _number(text: str) -> int:
    match = _ID.fullmatch(text.strip())
    if match is None:
        raise BadInputError(f"answers has {text!r:.40}, no id of a message", 'Write it as it is shown: answers=["m001"]')
    return int(match[1])


def in_words(message: PersonMessage) -> str:
    """Return a message as a line for callers, with the call that answers it."""
    id = message_id(message.number)
    words = cut(message.text, MAX_TEXT)
    call = NoteRequest(text="…", answers=[id]).as_call()
    return f'the person says ({id}): "{words}" Act on it, then answer: {call}'
