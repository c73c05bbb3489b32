"""How fast a grid of 1,000 experiments is launched: `python benchmarks/launch_grid.py`.

Beside it, on the same machine at the same time: 20 sources of the same trainer, each written to a folder and committed by git
itself, one by one, as a script would.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import anyio
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch.grid import launch_grid
from labhand.server.schemas.launch import GridLaunch
from labhand.server.source.trainer_folder import built_in
from pydantic import JsonValue

CELLS = 1000
ONE_BY_ONE = 20
ROUNDS = 3
TARGET_SECONDS = 1.0
FACTORS: dict[str, list[JsonValue]] = {
    "MATRIX_LR": [n / 1000 for n in range(1, 41)],
    "WEIGHT_DECAY": [n / 1000 for n in range(1, 26)],
}


def main() -> None:
    """Print the rates and their ratio."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    # The first grid of a process also loads what rewrites sources, as a server does once.
    # All folders go at the end: for minutes after files were deleted, ext4 looks long for a place for new ones.
    with tempfile.TemporaryDirectory() as folder:
        pairs = [
            (anyio.run(grid_seconds, new(folder, f"lab{n}")), commit_seconds(new(folder, f"git{n}"))) for n in range(ROUNDS)
        ]
    for grid, commit in pairs:
        print(
            f"launch_grid of {CELLS}: {grid:.2f} s, {CELLS / grid:.0f} experiments a second;"
            f" git one by one: {1 / commit:.0f} commits a second; ratio {CELLS / grid * commit:.1f}"
        )
    median = statistics.median(grid for grid, _ in pairs)
    ratio = statistics.median(CELLS / grid * commit for grid, commit in pairs)
    verdict = "within" if median < TARGET_SECONDS else "over"
    print(f"median {median:.2f} s, {verdict} the target of {TARGET_SECONDS:g} s; {ratio:.1f} times git's rate")


def new(folder: str, name: str) -> Path:
    """A new folder in another one."""
    made = Path(folder) / name
    made.mkdir()
    return made


async def grid_seconds(root: Path) -> float:
    """Launch one grid in a new lab on the built-in trainer; nothing runs it."""
    lab = await Lab.open(root, wake=lambda _: None)
    try:
        start = time.perf_counter()
        answer = await launch_grid(lab, GridLaunch(hypothesis="How fast is this?", factors=FACTORS), "benchmark")
        seconds = time.perf_counter() - start
    finally:
        await lab.close()
    if answer.total != CELLS:
        raise SystemExit(f"launched {answer.total} cells rather than {CELLS}")
    return seconds


def commit_seconds(folder: Path) -> float:
    """What one source takes when a script writes and commits it."""
    text = (built_in() / "gpt/train.py").read_text("utf-8")
    quiet = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    git = ["git", "-C", str(folder), "-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost"]
    subprocess.run([*git, "init", "--quiet"], check=True, env=quiet)
    start = time.perf_counter()
    for number in range(ONE_BY_ONE):
        (folder / "train.py").write_text(f"{text}\nNUMBER = {number}\n", "utf-8")
        subprocess.run([*git, "add", "train.py"], check=True, env=quiet)
        subprocess.run([*git, "commit", "--quiet", "--message", f"{number}"], check=True, env=quiet)
    return (time.perf_counter() - start) / ONE_BY_ONE


if __name__ == "__main__":
    main()
