"""How a database becomes one of the newest schema.

The schema's version is the number that SQLite keeps in `user_version`. `schema.sql` describes the newest one; a database of an
older one is brought to it by the migrations that it lacks, all in one transaction.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..errors import SettingsError

MIGRATIONS: tuple[str, ...] = (
    """
ALTER TABLE experiments ADD COLUMN nonce TEXT NOT NULL DEFAULT '';
""",
)
"""Statements that bring version n to n + 1, beginning with version 1. A released migration never changes."""


def missing_statements(version: int, newest: int, path: Path) -> list[str]:
    """The statements that bring a database of `version` (0 for an empty one) to the newest."""
    if version > newest:
        raise SettingsError(
            f"{path} was written by a newer labhand (version {version}, this one knows {newest})", "Upgrade labhand"
        )
    scripts = MIGRATIONS[version - 1 :] if version else (schema(),)
    return [statement for script in scripts for statement in statements(script)]


def schema() -> str:
    """The newest schema, as SQL."""
    return Path(__file__).with_name("schema.sql").read_text("utf-8")


def statements(script: str) -> list[str]:
    """The statements of a script one by one: `executescript` would commit the transaction that they belong to."""
    complete: list[str] = []
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            complete.append(statement)
            statement = ""
    return complete
