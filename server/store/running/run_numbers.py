"""The run folders beside the database: numbers that a database which lost its last rows must not give again, and what it lost.

A database that was put back to an older copy has lost rows, and the run folders have not. Their names show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import listdir
from pathlib import Path

from anyio import to_thread

from ...settings import RUNS, SET_ASIDE
from .. import facts
from ..database import Database
from ..experiments.rows import last_used_number, newest_number

_RUN = re.compile(r"e(\d{4,9})-\d+")


@dataclass(frozen=True, slots=True)
class LostRows:
    """What run folders show and the database doesn't have.

    Attributes:
        experiments: Numbers of the experiments, in ascending order.
        set_aside: Names of the folders in `set-aside`, in alphabetical order.
    """

    experiments: Sequence[int]
    set_aside: Sequence[str]


async def continue_behind_run_folders(db: Database, folder: Path) -> int:
    """Have the next experiment numbered behind all that have run folders. To be called whenever a lab is opened.

    Args:
        db: The lab's database.
        folder: The lab's data folder.

    Returns:
        The highest number of an experiment that has run folders and is missing in the database; 0 if none is missing.
    """
    shown = await to_thread.run_sync(_highest_number, folder)
    if shown <= await last_used_number(db):
        return 0
    async with db.transaction() as tx:
        if shown <= await newest_number(tx):  # another process has launched meanwhile
            return 0
        await facts.state(tx, {facts.LAST_LOST_NUMBER: str(shown)})
    return shown


async def lost_rows(db: Database, folder: Path) -> LostRows:
    """Return what run folders show and the database doesn't have.

    Args:
        db: The lab's database.
        folder: The lab's data folder.
    """
    names = await to_thread.run_sync(_names, folder)
    numbers = set(_numbers(names[RUNS]))
    saved = {row["number"] for row in await db.rows("SELECT number FROM experiments")}
    return LostRows(sorted(numbers - saved), sorted(names[SET_ASIDE]))


def _highest_number(folder: Path) -> int:
    return max((number for names in _names(folder).values() for number in _numbers(names)), default=0)


def _numbers(names: Iterable[str]) -> Iterable[int]:
    return (int(match[1]) for name in names if (match := _RUN.match(name)))


def _names(folder: Path) -> Mapping[str, Sequence[str]]:
    return {place: listdir(folder / place) if (folder / place).is_dir() else () for place in (RUNS, SET_ASIDE)}  # noqa: PTH208
