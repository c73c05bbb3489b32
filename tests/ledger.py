"""What a lab's ledger holds, past the lab: a tool tells figures as far as they mean something."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def whole_scores(root: Path) -> dict[str, float]:
    """Every score, unrounded, by the experiment's id."""
    with closing(sqlite3.connect(f"file:{root / '.labhand' / 'lab.db'}?mode=ro", uri=True)) as ledger:
        found = ledger.execute("SELECT number, score FROM experiments WHERE score IS NOT NULL").fetchall()
    return {f"e{number:04d}": score for number, score in found}
