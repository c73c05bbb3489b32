"""The slots that the lab has set aside as faulty, for the person: which they are, and using them again."""

from __future__ import annotations

from pathlib import Path

from ..settings import DATABASE
from ..store.database import Database
from ..store.running import slots_aside
from ..store.running.slots_aside import SlotAside


async def faulty_slots_of(folder: Path) -> list[SlotAside]:
    """Return the slots that are set aside.

    Args:
        folder: In which the lab's data lies.
    """
    if not (folder / DATABASE).is_file():
        return []
    db = await Database.open(folder / DATABASE)
    try:
        return await slots_aside.slots_aside(db)
    finally:
        await db.close()


async def use_all_slots(folder: Path) -> None:
    """Use all slots again."""
    if not (folder / DATABASE).is_file():
        return
    db = await Database.open(folder / DATABASE)
    try:
        async with db.transaction() as tx:
            await slots_aside.use_all(tx)
    finally:
        await db.close()
