"""What a lab's database has lost: one that was put back to an older copy lacks experiments that the disk still shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..ids import experiment_id, id_ranges
from ..settings import DATABASE, SOURCES
from ..source.repository import Sources
from ..store.database import Database
from ..store.experiments import rows
from ..store.running.run_numbers import lost_rows


@dataclass(frozen=True, slots=True)
class LostExperiments:
    """What the database lacks.

    Attributes:
        experiments: Ranges of the ids of experiments that have a run folder or a tagged source, and no row.
        set_aside: Names of the run folders that were set aside.
    """

    experiments: Sequence[str]
    set_aside: Sequence[str]


async def lost_experiments(folder: Path) -> LostExperiments:
    """Compare the database with the run folders and with the tags of the sources.

    Args:
        folder: The lab's data folder.
    """
    if not (folder / DATABASE).is_file():
        return LostExperiments((), ())
    db = await Database.open(folder / DATABASE)
    try:
        lost = await lost_rows(db, folder)
        newest = await rows.newest_number(db)
    finally:
        await db.close()
    tags = await (await Sources.open(folder / SOURCES)).names()
    tagged = {int(name[1:]) for name in tags if name[1:].isdecimal() and name == experiment_id(int(name[1:]))}
    return LostExperiments(id_ranges(sorted({*lost.experiments, *(n for n in tagged if n > newest)})), lost.set_aside)
