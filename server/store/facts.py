"""Facts of the lab itself, such as its identity."""

from __future__ import annotations

from collections.abc import Mapping

from .database import Reader, Transaction

IDENTITY = "id"
"""Tells this lab from others; seeds are drawn from it."""
LAST_LOST_NUMBER = "last_lost_number"
"""The highest number of an experiment that has a run folder and is missing in the database; not stated if none is missing."""


async def fact(reader: Reader, name: str) -> str | None:
    """One fact by name."""
    row = await reader.row("SELECT value FROM facts WHERE name = ?", (name,))
    return row["value"] if row else None


async def state(tx: Transaction, facts: Mapping[str, str]) -> None:
    """Write facts down. A fact that was written before is replaced."""
    await tx.many("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", list(facts.items()))
