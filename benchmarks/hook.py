"""How long a session of an agent waits for labhand's hook, beside a Python that does nothing.

Run: python benchmarks/hook.py
Prints the CPU seconds of `labhand hook session-start` and `stop` in a lab with 1,000 experiments, as a ratio to `python -c
pass` in the same run, and of `labhand --version`, which imports what the other commands need. CPU seconds are those of the
process: wall clock says little on a machine that does other things. Target: under 0.25 s of CPU, and under 3 times the bare
interpreter.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import anyio
from labhand.server.lab.lab import Lab

ROUNDS = 15
EXPERIMENTS = 1000
BARE = [sys.executable, "-c", "pass"]
LABHAND = [str(Path(sys.executable).with_name("labhand"))]


def cpu_seconds(command: list[str], folder: Path) -> float:
    """Return the CPU seconds of a command in a folder."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, input="{}", stdout=subprocess.DEVNULL, encoding="utf-8", check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


async def make_lab(folder: Path) -> Path:
    """Make a lab, and return the path of its database."""
    lab = await Lab.open(folder, wake=lambda _: None)
    await lab.close()
    return lab.folder / "lab.db"


def fill(path: Path) -> None:
    """Put experiments into a lab that have ended, and some that run."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)"
            " INSERT INTO experiments (number, commit_hash, tree, purpose, hypothesis, changes, overrides, launched_by,"
            " launched_at, priority, seed, replicate, setting, gpu, clock, budget_seconds, status, gpu_seconds, usd,"
            " finished_seq, verdict, gain)"
            " SELECT n, (SELECT commit_hash FROM champions), 't' || n, 'idea', 'It may help', 'DEPTH 4→6', '{}', 'claude-code',"
            " n, 1, n, 0, 's', 'H100', 'wall', 300.0, iif(n % 10, 'succeeded', 'running'), 300.0, 0.0,"
            " iif(n % 10, n, NULL), iif(n % 10, 'worse', 'pending'), n / 1000.0 FROM numbers",
            (EXPERIMENTS,),
        )


def main() -> None:
    """Measure the commands in turn, so that each round sees the same machine; the first round only warms up."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    commands = {
        "python -c pass": BARE,
        "labhand hook session-start": [*LABHAND, "hook", "session-start"],
        "labhand hook stop": [*LABHAND, "hook", "stop"],
        "labhand --version": [*LABHAND, "--version"],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "labhand.toml").write_text('trainer = "gpt"\n', "utf-8")
        fill(anyio.run(make_lab, folder))
        rounds = [{label: cpu_seconds(each, folder) for label, each in commands.items()} for _ in range(ROUNDS + 1)]
    del rounds[0]
    for label in commands:
        seconds = [measured[label] for measured in rounds]
        ratio = statistics.median(measured[label] / measured["python -c pass"] for measured in rounds)
        spread = f"{min(seconds):.3f} to {max(seconds):.3f}"
        print(f"{label:28}{statistics.median(seconds):6.3f} s of CPU ({spread}); ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
