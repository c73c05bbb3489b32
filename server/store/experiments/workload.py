"""How much is pending, and how long experiments take: what estimates are made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ...domain import ACTIVE, PENDING, Status
from ..database import Reader

MEASURED = 50
"""How many of the newest scored experiments tell what the next one will take."""
MAX_LOOKED_AT = 500
"""Experiments that tell what runs of another budget take."""
_IS_WHOLE = "(purpose != 'validation' OR result ->> '$.seconds.extended' IS NULL)"
"""Holds for experiments that trained for all of their budget, and didn't go on from another one's checkpoint."""
_PENDING = json.dumps(sorted(PENDING))
_ACTIVE = json.dumps(sorted(ACTIVE))


@dataclass(frozen=True, slots=True)
class QueueAhead:
    """What is in front of a new experiment on one kind of device.

    Attributes:
        running_seconds: For how long each running experiment will hold its device from now on, as far as estimated.
        queued: How many wait that start before it.
        queued_seconds: For how long those will hold a device, all together.
    """

    running_seconds: Sequence[float] = ()
    queued: int = 0
    queued_seconds: float = 0.0

    @property
    def experiments(self) -> int:
        """How many run or wait."""
        return len(self.running_seconds) + self.queued


async def mean_gpu_seconds(reader: Reader, setting: str) -> float | None:
    """Returns for how many seconds the newest scored experiments of a setting held a device; None if none was scored.

    Those that went on from a shorter experiment aren't looked at.
    """
    row = await reader.row(
        "SELECT AVG(gpu_seconds) AS mean FROM (SELECT gpu_seconds FROM experiments"  # noqa: S608  this module's text
        f" WHERE setting = ? AND status = 'succeeded' AND {_IS_WHOLE} ORDER BY number DESC LIMIT ?)",
        (setting, MEASURED),
    )
    return row["mean"] if row else None


async def mean_overhead_seconds(reader: Reader, setting: str, budget_seconds: float, gpus: int = 1) -> float | None:
    """Returns for how much longer than their budget the newest scored experiments of other budgets held a device.

    Args:
        reader: The database.
        setting: `trainer/kind/budget`. Experiments of the same trainer and kind of device are looked at.
        budget_seconds: Its budget. The budget that ran and is nearest to it decides.
        gpus: That each of them held.

    Returns:
        Seconds, at least 0; None if no experiment of another budget is scored.
    """
    place = setting.rpartition("/")[0]
    rows = await reader.rows(
        "SELECT budget_seconds, AVG(gpu_seconds) AS mean FROM (SELECT budget_seconds, gpu_seconds FROM experiments"  # noqa: S608
        f" WHERE setting >= ? AND setting < ? AND status = 'succeeded' AND {_IS_WHOLE}"
        " ORDER BY setting DESC, purpose DESC LIMIT ?) GROUP BY budget_seconds",
        (f"{place}/", f"{place}0", MAX_LOOKED_AT),  # "0" is the character after "/"
    )
    if not rows:
        return None
    nearest = min(rows, key=lambda row: abs(row["budget_seconds"] - budget_seconds))
    return max(0.0, float(nearest["mean"] / gpus - nearest["budget_seconds"]))


async def queue_ahead(reader: Reader, gpu: str, now: float, priority: int, gpus: int = 1) -> QueueAhead:
    """Returns what is in front of a new experiment on a kind of device.

    Args:
        reader: The database.
        gpu: The kind of device.
        now: Unix time.
        priority: Of the new experiment: what waits with a lower one starts after it.
        gpus: That each experiment holds.
    """
    running = await reader.rows(
        "SELECT max(0, gpu_seconds / ? - (? - coalesce(started_at, ?))) AS seconds FROM experiments"
        " WHERE status IN (SELECT value FROM json_each(?)) AND gpu = ?",
        (gpus, now, now, _ACTIVE, gpu),
    )
    queued = await reader.row(
        "SELECT COUNT(*) AS count, TOTAL(gpu_seconds) AS seconds FROM experiments"
        " WHERE status = 'queued' AND gpu = ? AND +priority >= ?",
        (gpu, priority),
    )
    return QueueAhead([row["seconds"] for row in running], queued["count"] if queued else 0, queued["seconds"] if queued else 0)


async def only_failures(reader: Reader) -> bool:
    """Return whether no experiment has succeeded or was stopped early, and none runs; some may be queued."""
    without = json.dumps([Status.FAILED, Status.CANCELLED, Status.QUEUED])
    row = await reader.row("SELECT 1 FROM experiments WHERE status NOT IN (SELECT value FROM json_each(?)) LIMIT 1", (without,))
    return row is None


async def queued(reader: Reader) -> list[int]:
    """Return the numbers of the experiments that are queued."""
    return [
        row["number"] for row in await reader.rows("SELECT number FROM experiments WHERE status = 'queued' ORDER BY number")
    ]


async def count_pending(reader: Reader) -> dict[Status, int]:
    """Returns how many experiments are in each state that is not an end."""
    rows = await reader.rows(
        "SELECT status, COUNT(*) AS count FROM experiments WHERE status IN (SELECT value FROM json_each(?)) GROUP BY status",
        (_PENDING,),
    )
    return {Status(row["status"]): row["count"] for row in rows}
