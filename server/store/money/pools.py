"""The pools as last seen. The lab writes them from the settings, the dispatcher refreshes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

from ...domain import Pool
from ..database import Reader, Row, Transaction


async def pools(reader: Reader, order: Sequence[str]) -> list[Pool]:
    """The pools that `order` names, in that order."""
    by_name = {row["name"]: pool_record(row) for row in await reader.rows("SELECT * FROM pools")}
    return [by_name[name] for name in order if name in by_name]


async def save(tx: Transaction, wanted: Sequence[Pool]) -> None:
    """Make `wanted` the pools that there are."""
    await tx.execute("DELETE FROM pools")
    await tx.many(
        "INSERT INTO pools (name, backend, gpu, clock, slots, usd_per_hour, note, as_of, taken, most_clusters,"
        " gpus_per_slot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [astuple(pool) for pool in wanted],
    )


def pool_record(row: Row) -> Pool:
    """A row of `pools`."""
    return Pool(
        name=row["name"],
        backend=row["backend"],
        gpu=row["gpu"],
        clock=row["clock"],
        slots=row["slots"],
        usd_per_slot_hour=row["usd_per_hour"],
        note=row["note"],
        as_of=row["as_of"],
        taken=row["taken"],
        most_clusters=row["most_clusters"],
        gpus_per_slot=row["gpus_per_slot"],
    )
