"""The notebook."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from .database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class NotebookEntry:
    """A note of the notebook.

    Attributes:
        written_at: As a Unix time.
        experiments: Numbers of those that it is about.
    """

    number: int
    written_by: str
    written_at: float
    text: str
    theme: str | None
    experiments: Sequence[int]


async def write(tx: Transaction, *, by: str, at: float, text: str, theme: str | None, experiments: Sequence[int]) -> int:
    """Write a note, and return its number. `at` is a Unix time."""
    return await tx.insert(
        "INSERT INTO notes (written_by, written_at, text, theme, experiments) VALUES (?, ?, ?, ?, ?)",
        (by, at, text, theme, json.dumps(sorted(experiments))),
    )


async def newest(reader: Reader, most: int) -> list[NotebookEntry]:
    """Return the newest notes, the newest first."""
    rows = await reader.rows("SELECT * FROM notes ORDER BY number DESC LIMIT ?", (most,))
    return [
        NotebookEntry(
            number=row["number"],
            written_by=row["written_by"],
            written_at=row["written_at"],
            text=row["text"],
            theme=row["theme"],
            experiments=json.loads(row["experiments"]),
        )
        for row in rows
    ]
