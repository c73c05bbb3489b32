"""The pools as last seen. The lab writes them from the settings, the dispatcher refreshes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

from ...domain import Pool
from ..database import Reader, Transaction
from ..experiments import rows


async def pools(reader: Reader, order: Sequence[str]) -> list[Pool]:
    """The pools that `order` names, in that order."""
    known = {row["name"]: rows.pool(row) for row in await reader.rows("SELECT * FROM pools")}
    return [known[name] for name in order if name in known]


async def save(tx: Transaction, wanted: Sequence[Pool]) -> None:
    """Make `wanted` the pools that there are."""
    await tx.execute("DELETE FROM pools")
    await tx.many(
        "INSERT INTO pools (name, backend, gpu, clock, slots, usd_per_hour, note, as_of, taken, most_clusters)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [astuple(pool) for pool in wanted],
    )
