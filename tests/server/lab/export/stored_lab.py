"""A lab with a confirmed champion, a failure and a cancelled experiment, as a file of the tests of migrations has it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path

from labhand.server.settings import DATABASE, RUNS, SOURCES

from ...store.make_lab import NEWEST, SCHEMAS
from ..writing import lay_out

CURVE = [(0.5, 4.0), (1.0, 3.0), (1.5, 2.5)]
"""The training curve of e0001: seconds and loss."""


def put_stored_lab(root: Path) -> Path:
    """Put the lab, its trainer and `labhand.toml` in a folder; gives the data folder."""
    lay_out(root, toml="budget_seconds = 0.2")
    folder = root / ".labhand"
    folder.mkdir()
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.executescript((SCHEMAS / f"{NEWEST}.sql").read_text("utf-8"))
    connection.close()
    clone = ["git", "clone", "--quiet", "--mirror", str(SCHEMAS / f"{NEWEST}.bundle"), str(folder / SOURCES)]
    subprocess.run(clone, check=True)
    put_curve(folder)
    return folder


def put_curve(folder: Path) -> None:
    """Give the run of e0001 its curve."""
    run = folder / RUNS / "e0001-1"
    run.mkdir(parents=True)
    reports = [json.dumps({"seconds": seconds, "loss": loss}) for seconds, loss in CURVE]
    (run / "curve.jsonl").write_text("\n".join(reports) + "\n", "utf-8")


def judge_again(folder: Path, gain: float) -> None:
    """Change the gain, the verdict and the reason of e0001, as another reference would."""
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.execute(
            "UPDATE experiments SET gain = ?, verdict = 'promising', reason = 'judged again' WHERE number = 1", (gain,)
        )
    connection.close()
