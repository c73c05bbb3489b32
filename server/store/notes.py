"""The notebook."""

from __future__ import annotations

import json
from collections.abc import Sequence

from .database import Transaction


async def write(tx: Transaction, *, by: str, at: float, text: str, theme: str | None, experiments: Sequence[int]) -> int:
    """Write a note, and return its number. `at` is a Unix time."""
    return await tx.insert(
        "INSERT INTO notes (written_by, written_at, text, theme, experiments) VALUES (?, ?, ?, ?, ?)",
        (by, at, text, theme, json.dumps(sorted(experiments))),
    )
