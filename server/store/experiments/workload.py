"""How much is pending, and how long experiments take: what estimates are made of."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ...domain import PENDING, Status
from ..database import Reader

MEASURED = 50
"""How many of the newest scored experiments tell what the next one will take."""
_PENDING = json.dumps(sorted(PENDING))


@dataclass(frozen=True, slots=True)
class QueueAhead:
    """What waits or runs on one kind of device."""

    experiments: int
    gpu_seconds: float


async def mean_gpu_seconds(reader: Reader, setting: str) -> float | None:
    """Returns for how many seconds the newest scored experiments of a setting held a device; None if none was scored."""
    row = await reader.row(
        "SELECT AVG(gpu_seconds) AS mean FROM (SELECT gpu_seconds FROM experiments"
        " WHERE setting = ? AND status = 'succeeded' ORDER BY number DESC LIMIT ?)",
        (setting, MEASURED),
    )
    return row["mean"] if row else None


async def queue_ahead(reader: Reader, gpu: str) -> QueueAhead:
    """Returns what is pending on a kind of device."""
    row = await reader.row(
        "SELECT COUNT(*) AS count, TOTAL(gpu_seconds) AS seconds FROM experiments"
        " WHERE status IN (SELECT value FROM json_each(?)) AND gpu = ?",
        (_PENDING, gpu),
    )
    return QueueAhead(row["count"], row["seconds"]) if row else QueueAhead(0, 0.0)


async def count_pending(reader: Reader) -> dict[Status, int]:
    """Returns how many experiments are in each state that is not an end."""
    rows = await reader.rows(
        "SELECT status, COUNT(*) AS count FROM experiments WHERE status IN (SELECT value FROM json_each(?)) GROUP BY status",
        (_PENDING,),
    )
    return {Status(row["status"]): row["count"] for row in rows}
