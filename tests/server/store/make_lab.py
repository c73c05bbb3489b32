"""Makes the lab of the newest schema for `test_migrations.py`: `python -m tests.server.store.make_lab`.

To be run when a release changes the schema. Writes `schemas/N.sql` and `schemas/N.bundle`.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
from pathlib import Path

import anyio
from labhand.server.ids import experiment_id
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch.validate import validate
from labhand.server.lab.manage.cancel import cancel
from labhand.server.lab.manage.notebook import note
from labhand.server.schemas.validation import ValidationRequest
from labhand.server.settings import DATABASE, SOURCES
from labhand.server.store.migrations import MIGRATIONS

from ..dispatcher import support
from ..lab.writing import ME, launch, launch_grid, opened

SCHEMAS = Path(__file__).with_name("schemas")
NEWEST = len(MIGRATIONS) + 1


async def fill(lab: Lab) -> None:
    """A screened knob, a failure, a cancelled experiment, a confirmed champion and a note."""
    variants = [{"name": "plain"}, {"name": "lower", "overrides": {"Y": -0.8}}]
    factors = {"X": [0.5, 2.5, 2.9]}
    await launch_grid(lab, hypothesis="Where the bottom lies", factors=factors, variants=variants, theme="position")
    await launch(lab, hypothesis="It fails", overrides={"FAIL": True, "X": 1.5}, theme="failures")
    await support.run_all(lab)
    row = await lab.db.row("SELECT number FROM experiments WHERE purpose = 'idea' AND score > 0 ORDER BY score LIMIT 1")
    best = experiment_id(row["number"] if row else 0)
    await validate(lab, ValidationRequest(ids=[best], replicates=2), ME)
    await support.run_all(lab)
    await note(lab, "X near 3 is best", [best], "position", ME)
    slow = await launch(lab, hypothesis="Too slow", overrides={"DURATION": 30.0}, theme="speed")
    await cancel(lab, slow.experiments, "seen enough", ME)
    await support.run_all(lab)


def dump(database: Path) -> str:
    """Returns a database as SQL, with the index of texts rebuilt rather than copied."""
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint")
        index = [row[0] for row in connection.execute("SELECT sql FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE%'")]
        statements = [
            line
            for line in connection.iterdump()
            if not any(word in line for word in ("experiments_text", "sqlite_schema", "writable_schema"))
            and line not in {"BEGIN TRANSACTION;", "COMMIT;"}
        ]
        triggers = [
            row[0] for row in connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND sql LIKE '%_text%'")
        ]
    connection.close()
    statements = [_compact(line) for line in statements]
    rebuild = "INSERT INTO experiments_text (experiments_text) VALUES ('rebuild');"
    head = f"-- A lab of schema {NEWEST}: a screened knob, a failure, a cancelled run, a confirmed champion, a note."
    parts = [head, "BEGIN;", *statements, *(f"{sql};" for sql in (*index, *triggers)), rebuild]
    return "\n".join([*parts, f"PRAGMA user_version = {NEWEST};", "COMMIT;", ""])


def _compact(statement: str) -> str:
    """Return a statement that makes a table or an index in one line, without its comments; any other as it is."""
    if not statement.startswith("CREATE"):
        return statement
    return " ".join(re.sub(r"--.*", "", statement).split())


async def main() -> None:
    """Make the lab and write its two files."""
    with tempfile.TemporaryDirectory() as place:
        async with opened(Path(place), toml="budget_seconds = 0.2") as lab:
            await fill(lab)
            folder = lab.folder
        (SCHEMAS / f"{NEWEST}.sql").write_text(dump(folder / DATABASE), "utf-8")
        bundle = str(SCHEMAS / f"{NEWEST}.bundle")
        await anyio.run_process(["git", f"--git-dir={folder / SOURCES}", "bundle", "create", "--quiet", bundle, "--all"])


if __name__ == "__main__":
    anyio.run(main)
