"""Answers to requests: a launch that is repeated with its `request_id` gets the first answer."""

from __future__ import annotations

from .database import Reader, Transaction


async def find_answer(reader: Reader, caller: str, request_id: str) -> str | None:
    """What was answered to a request, as JSON."""
    row = await reader.row("SELECT answer FROM requests WHERE caller = ? AND request_id = ?", (caller, request_id))
    return row["answer"] if row else None


async def save_answer(tx: Transaction, caller: str, request_id: str, answer: str) -> None:
    """Write down what a request is answered, as JSON."""
    await tx.insert("INSERT INTO requests (caller, request_id, answer) VALUES (?, ?, ?)", (caller, request_id, answer))
