"""Writes a project's database as trackio 0.43 does: the same schema, journal mode, and kinds of values.

It was compared by hand with what that version wrote, to a run that had ended and to one that was killed while 6,000 rows lay
in the write-ahead log: the statement of the table, the page size, the versions in the header, and JSON as blobs.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from uuid import uuid4

Logged = tuple[str, dict[str, object]]
"""The name of a run, and what it logged in one call."""
METRICS = """CREATE TABLE metrics (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        run_id TEXT NOT NULL,
                        timestamp TEXT NOT NULL,
                        run_name TEXT NOT NULL,
                        step INTEGER NOT NULL,
                        metrics TEXT NOT NULL
                    )"""
_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_ADDED = ("ALTER TABLE metrics ADD COLUMN log_id TEXT", "ALTER TABLE metrics ADD COLUMN space_id TEXT")
_OTHERS = (
    "CREATE TABLE configs (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, config TEXT NOT NULL, UNIQUE(run_id))",
    "CREATE TABLE project_metadata (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE INDEX idx_metrics_run_step ON metrics(run_id, step)",
    "CREATE UNIQUE INDEX idx_metrics_log_id ON metrics(log_id) WHERE log_id IS NOT NULL",
    "PRAGMA user_version = 2",
)


def log(connection: sqlite3.Connection, rows: Sequence[Logged]) -> None:
    """Add rows in one transaction."""
    for step, (run, values) in enumerate(rows):
        values = {key: _NOT_FINITE.get(str(value), value) for key, value in values.items()}
        row = (f"id-of-{run}", f"2026-11-29T10:00:{step:02}+00:00", run, step, json.dumps(values).encode(), uuid4().hex)
        connection.execute(
            "INSERT OR IGNORE INTO metrics (run_id, timestamp, run_name, step, metrics, log_id) VALUES (?, ?, ?, ?, ?, ?)", row
        )
    connection.commit()


def open_project(path: Path, *, page_bytes: int = 4096, journal: str = "WAL") -> sqlite3.Connection:
    """Make the database of a project, and return a connection to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA page_size = {page_bytes}")
    connection.execute(f"PRAGMA journal_mode = {journal}")
    for statement in (METRICS, *_ADDED, *_OTHERS):
        connection.execute(statement)
    connection.commit()
    return connection


def write_project(path: Path, rows: Sequence[Logged], *, page_bytes: int = 4096) -> None:
    """Make the database of a project whose process ended as it should: without a write-ahead log."""
    with closing(open_project(path, page_bytes=page_bytes)) as connection:
        log(connection, rows)
