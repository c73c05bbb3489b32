"""How the person steers the research: a pause of launching, and messages to whoever does the research."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ..domain import PersonMessage
from . import facts
from .database import Reader, Transaction

_FACT = "paused"
PAUSED = f"EXISTS (SELECT 1 FROM facts WHERE name = '{_FACT}' AND value <> '')"  # noqa: S608 - a constant
"""The condition, in SQL, that nothing may be started now."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is started until the person resumes.

    Attributes:
        reason: In the person's words; may be empty.
        at: Since when, as a Unix time.
    """

    reason: str
    by: str
    at: float


async def pause(reader: Reader) -> Pause | None:
    """Return the pause; None if the lab isn't paused."""
    text = await facts.fact(reader, _FACT)
    return Pause(**json.loads(text)) if text else None


async def save_pause(tx: Transaction, new: Pause | None) -> None:
    """Pause the lab, or end its pause."""
    await facts.state(tx, {_FACT: json.dumps(asdict(new)) if new else ""})


async def save_message(tx: Transaction, by: str, at: float, text: str) -> int:
    """Save a message, and return its number."""
    return await tx.insert("INSERT INTO messages (written_by, written_at, text) VALUES (?, ?, ?)", (by, at, text))


async def open_messages(reader: Reader) -> list[PersonMessage]:
    """Return the messages that no note answers yet, the oldest first."""
    rows = await reader.rows("SELECT number, written_by, written_at, text FROM messages WHERE note IS NULL ORDER BY number")
    return [PersonMessage(**dict(row)) for row in rows]


async def all_messages(reader: Reader, most: int) -> list[PersonMessage]:
    """Return the newest messages with what answers them, the newest first."""
    rows = await reader.rows(
        "SELECT messages.number, messages.written_by, messages.written_at, messages.text, note, notes.text AS answer"
        " FROM messages LEFT JOIN notes ON notes.number = note ORDER BY messages.number DESC LIMIT ?",
        (most,),
    )
    return [PersonMessage(**dict(row)) for row in rows]


async def answer(tx: Transaction, numbers: Sequence[int], note: int) -> list[int]:
    """Let a note answer messages. Returns the numbers of those that don't exist. One that was answered keeps its answer."""
    missing: list[int] = []
    for number in numbers:
        if await tx.row("SELECT 1 FROM messages WHERE number = ?", (number,)) is None:
            missing.append(number)
        await tx.execute("UPDATE messages SET note = ? WHERE number = ? AND note IS NULL", (note, number))
    return missing
