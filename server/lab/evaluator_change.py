"""Whether the evaluator that is installed is the one that measured a lab's latest results."""

from __future__ import annotations

from pathlib import Path

from ..settings import DATABASE
from ..store.comparison import strata
from ..store.database import Database


async def latest_evaluator(folder: Path) -> str | None:
    """The version of the evaluator in the lab's latest stratum that has one; None before anything was measured.

    Args:
        folder: In which the lab's data lies.
    """
    if not (folder / DATABASE).is_file():
        return None
    db = await Database.open(folder / DATABASE)
    try:
        async with db.transaction() as tx:
            for number in reversed(await strata.numbers(tx)):
                stratum = await strata.read(tx, number)
                if stratum is not None and stratum.facts.get("evaluator"):
                    return str(stratum.facts["evaluator"])
    finally:
        await db.close()
    return None
