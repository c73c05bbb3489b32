"""Labs whose experiments really run, and dispatchers as the processes that they are."""

# ruff: noqa: ANN401

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from labhand.server.dispatcher.loop import Dispatcher
from labhand.server.dispatcher.pool_backends import PoolBackends
from labhand.server.dispatcher.run_folders import RunFolders
from labhand.server.dispatcher.settler import Settler
from labhand.server.domain import Experiment, Run
from labhand.server.lab.dispatcher_process import dispatcher_lives
from labhand.server.lab.lab import Lab
from labhand.server.settings import RUNS, load_settings
from labhand.server.store.experiments import rows
from labhand.server.store.running.runs import run_record

from ...waiting import until
from ..lab import builders

LINGER_SECONDS = 0.3
LOG = "dispatcher-of-test.log"
LONG = 120.0
"""Seconds of a run that is meant to be ended by the test."""
PROGRAM = """
import sys, anyio
from pathlib import Path
from labhand.server.dispatcher import dispatch
anyio.run(dispatch, Path(sys.argv[1]), float(sys.argv[2]))
"""


async def queue_up(lab: Lab, count: int = 1, *, duration: float = 0.02, fail: bool = False, **about: Any) -> list[int]:
    """Queue replicates of `parabola`, each of which takes so many seconds; gives their numbers."""
    text = (builders.TRAINERS / "parabola" / "train.py").read_text("utf-8")
    text = text.replace("DURATION = 0.02", f"DURATION = {duration}").replace("FAIL = False", f"FAIL = {fail}")
    return await queue_source(lab, text, count, **about)


async def queue_source(lab: Lab, train: str, count: int = 1, **about: Any) -> list[int]:
    """Queue replicates of a source with this `train.py`; gives their numbers."""
    commit = await builders.source(lab, {"train.py": train})
    return [await builders.experiment(lab, commit=commit, **about) for _ in range(count)]


@contextmanager
def dispatcher(lab: Lab, linger_seconds: float = LINGER_SECONDS) -> Generator[subprocess.Popen[bytes]]:
    """A dispatcher of the lab; killed with -9 when the block ends, if it hasn't ended by then."""
    with (lab.root / LOG).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(lab.root), str(linger_seconds)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process to end; gives its status."""
    await until(lambda: process.poll() is not None)
    return int(process.returncode)


async def run_all(lab: Lab) -> None:
    """Let a dispatcher do all there is to do."""
    with dispatcher(lab) as process:
        assert await ended(process) == 0, (lab.root / LOG).read_text("utf-8")


@asynccontextmanager
async def lab_of_code(place: Path, trainer: str, train: str, slots: int) -> AsyncGenerator[Lab]:
    """A lab whose trainer is these two files."""
    folder = place / "trainer"
    folder.mkdir()
    (folder / "trainer.toml").write_text(trainer, "utf-8")
    (folder / "train.py").write_text(train, "utf-8")
    async with builders.lab(place, trainer=folder, slots=slots) as opened:
        yield opened


@asynccontextmanager
async def loop(lab: Lab, pools: PoolBackends | None = None) -> AsyncGenerator[Dispatcher]:
    """A dispatcher's loop in this process, to be ticked by hand; on the lab's pools unless told."""
    pools = pools or PoolBackends.of_settings(load_settings(lab.root).pools, lab.folder / RUNS)
    async with pools:
        yield Dispatcher(
            lab.db,
            pools,
            RunFolders(lab.folder, lab.sources, lab.identity),
            Settler(lab.trainer.metric),
            lab.settings.allowance,
            approval=lab.settings.approval,
        )


async def tick_until_idle(loop: Dispatcher) -> None:
    """Tick until there is nothing to do."""

    async def is_idle() -> bool:
        return not await loop.tick()

    await until(is_idle)


async def experiment(lab: Lab, number: int) -> Experiment:
    """One experiment as it stands."""
    found = await rows.find_experiment(lab.db, number)
    assert found is not None
    return found


async def statuses(lab: Lab) -> list[str]:
    """Every experiment's status, by number."""
    return [row["status"] for row in await lab.db.rows("SELECT status FROM experiments ORDER BY number")]


async def runs(lab: Lab) -> list[Run]:
    """Every run, by id."""
    return [run_record(row) for row in await lab.db.rows("SELECT * FROM runs ORDER BY id")]


async def until_status(lab: Lab, number: int, status: str) -> None:
    """Wait for an experiment to be in a state."""

    async def is_there() -> bool:
        return (await experiment(lab, number)).status == status

    await until(is_there)


async def until_finished(lab: Lab, count: int) -> None:
    """Wait until so many experiments are finished."""

    async def are_finished() -> bool:
        row = await lab.db.row("SELECT count(*) FROM experiments WHERE finished_seq IS NOT NULL")
        return row is not None and row[0] >= count

    await until(are_finished)


async def until_exists(path: Path) -> None:
    """Wait for a file."""
    await until(path.exists)


async def until_quiet(lab: Lab) -> None:
    """Wait until no dispatcher is at work."""

    async def is_quiet() -> bool:
        return not dispatcher_lives(lab.folder)

    await until(is_quiet)


async def until_logged(lab: Lab, text: str, times: int) -> None:
    """Wait until the dispatcher has said something so many times."""

    async def is_said() -> bool:
        return (lab.root / LOG).read_text("utf-8").count(text) >= times

    await until(is_said)


async def ask_to_end(lab: Lab, numbers: Sequence[int]) -> None:
    """Ask for experiments to end."""
    async with lab.db.transaction() as tx:
        await tx.many("UPDATE experiments SET cancel_reason = 'enough' WHERE number = ?", [(number,) for number in numbers])


def folder_of(lab: Lab, run: str) -> Path:
    """Where a run lies."""
    return lab.folder / RUNS / run


def result_of(lab: Lab, run: str) -> dict[str, Any]:
    """The result that a runner has left."""
    result: dict[str, Any] = json.loads((folder_of(lab, run) / "result.json").read_text("utf-8"))
    return result


def runner_of(lab: Lab, run: str) -> int:
    """The process that runs it."""
    return int((folder_of(lab, run) / "claim").read_text("ascii"))


def on_disk(lab: Lab) -> dict[str, dict[str, Any]]:
    """What lies in the run folders, whatever the database says: the result of each claimed run."""
    return {
        claim.parent.name: json.loads((claim.parent / "result.json").read_text("utf-8"))
        for claim in sorted((lab.folder / RUNS).glob("*/claim"))
    }


def lives(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
