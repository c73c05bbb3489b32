"""Labs on a copy of the trainer `parabola`, and short words for what a caller asks of them."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from labhand.server.domain import Experiment, Status
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch import experiments as launching
from labhand.server.lab.launch import grid
from labhand.server.schemas.launch import GridLaunch, GridLaunched, Launch, Launched
from labhand.server.source import git
from labhand.server.store.experiments.rows import find_experiment, newest_number

from .builders import TRAINERS, Woken

ME = "me"


def lay_out(root: Path, *, toml: str = "", slots: int = 2) -> Path:
    """Put a copy of the trainer and a `labhand.toml` with one local pool in `root`; gives the trainer's folder."""
    folder = root / "trainer"
    if not folder.exists():
        shutil.copytree(TRAINERS / "parabola", folder)
    (root / "labhand.toml").write_text(
        f'trainer = "trainer"\n{toml}\n[pools.local]\nbackend = "local"\nslots = {slots}\n', "utf-8"
    )
    return folder


@asynccontextmanager
async def opened(root: Path, *, toml: str = "", slots: int = 2, woken: Woken | None = None) -> AsyncGenerator[Lab]:
    """An open lab whose trainer folder is `root/trainer`; `toml` is put at the top of its settings."""
    lay_out(root, toml=toml, slots=slots)
    lab = await Lab.open(root, wake=woken or Woken())
    try:
        yield lab
    finally:
        await lab.close()


async def launch(lab: Lab, *, caller: str = ME, **asked: Any) -> Launched:  # noqa: ANN401 - a request's fields
    """Launch one idea."""
    request = Launch.model_validate({"hypothesis": "It may help"} | asked)
    return await launching.launch(lab, request, caller)


async def launch_grid(lab: Lab, *, caller: str = ME, **asked: Any) -> GridLaunched:  # noqa: ANN401 - a request's fields
    """Launch a grid."""
    return await grid.launch_grid(lab, GridLaunch.model_validate({"hypothesis": "One of them may help"} | asked), caller)


async def experiments(lab: Lab) -> list[Experiment]:
    """All experiments in the order of their numbers."""
    found = [await find_experiment(lab.db, number + 1) for number in range(await newest_number(lab.db))]
    return [experiment for experiment in found if experiment is not None]


async def find(lab: Lab, name: str) -> Experiment:
    """The experiment of an id."""
    found = await find_experiment(lab.db, int(name[1:]))
    assert found is not None
    return found


async def end(lab: Lab, name: str, status: Status, *, failure: str | None = None, gpu_seconds: float = 6.0) -> None:
    """Let an experiment end, as far as launching looks at it."""
    async with lab.db.transaction() as tx:
        await tx.execute(
            "UPDATE experiments SET status = ?, failure = ?, gpu_seconds = ? WHERE number = ?",
            (status, failure, gpu_seconds, int(name[1:])),
        )


async def everything(lab: Lab) -> list[tuple[Any, ...]]:
    """All that the lab holds: every row of every table, and every name in its history."""
    tables = [row[0] for row in await lab.db.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    rows = [(table, *row) for table in tables for row in await lab.db.rows(f"SELECT * FROM {table}")]  # noqa: S608
    return [*rows, (references(lab),)]


def references(lab: Lab) -> str:
    """Every name in the history of sources, with what it stands for."""
    return git.run(f"--git-dir={lab.sources.path}", "for-each-ref").decode()


def log(lab: Lab, *arguments: str) -> list[str]:
    """What `git log` shows, a line each."""
    return git.run(f"--git-dir={lab.sources.path}", "log", *arguments).decode().splitlines()
