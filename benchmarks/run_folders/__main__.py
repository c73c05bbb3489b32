"""What run folders cost for a trainer with many small files: with shared folders and pruning, and without.

Run `python -m benchmarks.run_folders`. It queues runs that end at once, and measures seconds until all are over, and the files
and bytes that they leave. Both ways are measured in one process, one after the other; the ratios are what counts.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from labhand.server.dispatcher import shared_trees
from labhand.server.dispatcher.loop import Dispatcher
from labhand.server.dispatcher.pool_backends import PoolBackends
from labhand.server.dispatcher.run_folders import RunFolders
from labhand.server.dispatcher.settler import Settler
from labhand.server.lab.lab import Lab
from labhand.server.settings import RUNS

from tests.server.dispatcher import support
from tests.server.lab import builders

TRAINER = """
name = "files"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "val_loss"
source = "output"
"""
TRAIN = 'from pathlib import Path\nPath("checkpoint.pt").write_bytes(bytes({checkpoint}))\nprint("val_loss: 1.5")\n'
NO_SHARING = 10**9


@asynccontextmanager
async def _loop(lab: Lab, *, keep_work: bool) -> AsyncGenerator[Dispatcher]:
    async with PoolBackends.of_settings(lab.settings.pools, lab.folder / RUNS) as pools:
        folders = RunFolders(lab.folder, lab.sources, lab.identity, keep_work=keep_work)
        yield Dispatcher(lab.db, pools, folders, Settler(lab.trainer.metric), lab.settings.allowance)


async def measure(files: int, runs: int, checkpoint: int, *, saves: bool) -> tuple[float, int, int]:
    """Run experiments to their end, and return the seconds, and the files and bytes of the lab's run folders."""
    shared_trees.MIN_FILES = 500 if saves else NO_SHARING  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        folder = root / "trainer"
        for number in range(files):
            path = folder / "data" / str(number // 1000) / f"{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"file {number}", "utf-8")
        (folder / "trainer.toml").write_text(TRAINER, "utf-8")
        train = TRAIN.format(checkpoint=checkpoint)
        (folder / "train.py").write_text(train, "utf-8")
        async with builders.lab(root, trainer=folder, slots=1) as lab, _loop(lab, keep_work=not saves) as loop:
            await support.queue_source(lab, train + "\n", runs)
            began = time.monotonic()
            await support.tick_until_idle(loop)
            seconds = time.monotonic() - began
            assert await support.statuses(lab) == ["succeeded"] * runs
            return (seconds, *_used(lab.folder))


def _used(folder: Path) -> tuple[int, int]:
    inodes: dict[int, int] = {}
    for name in (RUNS, "trees"):
        for place, folders, names in os.walk(folder / name):
            for entry in (*folders, *names):
                status = Path(place, entry).lstat()
                inodes[status.st_ino] = 512 * status.st_blocks
    return len(inodes), sum(inodes.values())


async def main(files: int, runs: int, checkpoint: int) -> None:
    """Measure both ways, and print the figures with their ratios."""
    print(f"{runs} runs of a trainer with {files} small files, each leaving a checkpoint of {checkpoint / 2**20:g} MiB")
    with tempfile.TemporaryDirectory() as slots:
        os.environ["LABHAND_SLOTS"] = slots
        before = await measure(files, runs, checkpoint, saves=False)
        after = await measure(files, runs, checkpoint, saves=True)
    for name, old, new in zip(("seconds", "files and folders", "bytes"), before, after, strict=True):
        print(f"{name:18} {old:14,.0f} {new:14,.0f}   {old / new:6.1f} times")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What run folders cost")
    parser.add_argument("--files", type=int, default=9_000, help="a source may have 10,000")
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--checkpoint", type=int, default=2**20, help="bytes that each run writes to its working folder")
    given = parser.parse_args()
    anyio.run(main, given.files, given.runs, given.checkpoint)
