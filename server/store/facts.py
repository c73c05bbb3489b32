"""Facts of the lab itself, such as its identity. Stated once, when it is made."""

from __future__ import annotations

from collections.abc import Mapping

from .database import Reader, Transaction

IDENTITY = "id"
"""Tells this lab from others; seeds are drawn from it."""


async def fact(reader: Reader, name: str) -> str | None:
    """One fact by name."""
    row = await reader.row("SELECT value FROM facts WHERE name = ?", (name,))
    return row["value"] if row else None


async def state(tx: Transaction, facts: Mapping[str, str]) -> None:
    """Write facts down for good."""
    await tx.many("INSERT INTO facts (name, value) VALUES (?, ?)", list(facts.items()))
