"""What is spent, and what is reserved for what is pending.

A slot of one's own costs what runs hold of it. Clusters cost from their launch to their end, whatever runs on them: what runs
hold of those is no cost of its own, and the rest is idle.
"""

# ruff: noqa: S608  conditions are put together of this package's own text; values are parameters

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ...domain import PENDING
from ...settings import Allowance
from ..database import Reader, Row, Transaction

_PENDING = json.dumps(sorted(PENDING))
# What every cluster held and cost until a time, which is the parameter.
_CLUSTERS = (
    "SELECT pool, gpus * max(0, until - launched_at) AS gpu_seconds,"
    " usd_before + max(0, until - priced_since) / 3600 * usd_per_hour AS usd"
    " FROM (SELECT *, coalesce(ended_at, ?) AS until FROM clusters)"
)
# What runs that aren't over have held so far of clusters, up to what was reserved. The index holds active runs only: without
# the hint SQLite reads every run that the lab has ever had.
_UNDER_WAY = (
    "SELECT runs.pool AS pool, experiments.gpu_seconds AS reserved, experiments.usd AS usd,"
    " min(max(0, ? - running_at) * runs.gpus, experiments.gpu_seconds) AS held"
    " FROM runs INDEXED BY runs_active JOIN pools ON pools.name = runs.pool AND most_clusters > 0"
    " JOIN experiments ON experiments.number = runs.experiment"
    " WHERE runs.status NOT IN ('finished', 'lost') AND running_at IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Committed:
    """What is spent, together with what is reserved for pending experiments."""

    experiments: int
    gpu_seconds: float
    usd: float


@dataclass(frozen=True, slots=True)
class Idle:
    """What clusters held, and cost, beyond what runs held of them: they came up, waited, or went down.

    Where two runs share a GPU, one evaluated as the next starts, both hold it: that is taken off, and may leave less than 0.
    """

    gpu_seconds: float = 0.0
    usd: float = 0.0

    def __add__(self, other: Idle) -> Idle:
        return Idle(self.gpu_seconds + other.gpu_seconds, self.usd + other.usd)


@dataclass(frozen=True, slots=True)
class Bill:
    """What the clusters of a pool held and cost, from their launch to their end.

    Attributes:
        clusters: How many there have been.
    """

    clusters: int
    gpu_seconds: float
    usd: float
    idle: Idle


@dataclass(frozen=True, slots=True)
class Spent:
    """What the whole lab used.

    Attributes:
        gpu_seconds: Held by runs that are over, and by clusters whether or not anything ran on them.
        under_way_seconds: Of it, what runs hold that aren't over.
        useful_seconds: Of training that led to a score.
    """

    gpu_seconds: float
    usd: float
    under_way_seconds: float
    useful_seconds: float


def total(parts: Iterable[Committed]) -> Committed:
    """Return the sum of several parts."""
    listed = list(parts)
    return Committed(
        sum(part.experiments for part in listed), sum(part.gpu_seconds for part in listed), sum(part.usd for part in listed)
    )


async def committed(reader: Reader, now: float) -> Committed:
    """Return what the lab has spent and reserved by `now`, a Unix time.

    Of a run on a cluster, only the part that it hasn't used yet is reserved: the rest is in the cluster's own cost.
    """
    row = await reader.row(
        "SELECT SUM(experiments) AS experiments, SUM(gpu_seconds) AS gpu_seconds, SUM(usd) AS usd FROM ("
        " SELECT TOTAL(experiments) AS experiments, TOTAL(gpu_seconds * (NOT hired)) AS gpu_seconds,"
        "        TOTAL(usd * (NOT hired)) AS usd FROM spent"
        " UNION ALL"
        f" SELECT 0, TOTAL(gpu_seconds), TOTAL(usd) FROM ({_CLUSTERS})"
        " UNION ALL"
        " SELECT COUNT(*), TOTAL(gpu_seconds), TOTAL(usd) FROM experiments"
        " WHERE status IN (SELECT value FROM json_each(?))"
        " UNION ALL"
        f" SELECT 0, -TOTAL(held), -TOTAL(usd * held / reserved) FROM ({_UNDER_WAY})"
        " UNION ALL"  # what validations will launch when their candidates are confirmed. The index holds open validations only
        " SELECT TOTAL(2 * pairs), TOTAL(2 * pairs * stages.gpu_seconds), TOTAL(2 * pairs * stages.usd)"
        " FROM validations INDEXED BY validations_open JOIN stages ON validation = number AND place > stage"
        " WHERE finished_seq IS NULL)",
        (now, _PENDING, now),
    )
    return Committed(int(row["experiments"]), row["gpu_seconds"], row["usd"]) if row else Committed(0, 0.0, 0.0)


async def spent(reader: Reader, now: float) -> Spent:
    """Return what the lab has used by `now`, a Unix time. What a run holds of a slot of its own counts when it is over."""
    row = await reader.row(
        "SELECT TOTAL(gpu_seconds) AS gpu_seconds, TOTAL(usd) AS usd, TOTAL(under_way) AS under_way, TOTAL(useful) AS useful"
        " FROM (SELECT gpu_seconds * (NOT hired) AS gpu_seconds, usd * (NOT hired) AS usd, 0 AS under_way,"
        "  useful_seconds AS useful FROM spent"
        f" UNION ALL SELECT gpu_seconds, usd, 0, 0 FROM ({_CLUSTERS})"
        f" UNION ALL SELECT 0, 0, held, 0 FROM ({_UNDER_WAY}))",
        (now, now),
    )
    return Spent(row["gpu_seconds"], row["usd"], row["under_way"], row["useful"]) if row else Spent(0.0, 0.0, 0.0, 0.0)


async def bills(reader: Reader, now: float) -> dict[str, Bill]:
    """Return what the clusters of each pool held and cost by `now`, a Unix time."""
    rows = await reader.rows(
        "SELECT pool, TOTAL(clusters) AS clusters, TOTAL(gpu_seconds) AS gpu_seconds, TOTAL(usd) AS usd,"
        " TOTAL(worked) AS worked"
        f" FROM (SELECT pool, 1 AS clusters, gpu_seconds, usd, 0 AS worked FROM ({_CLUSTERS})"
        " UNION ALL SELECT pool, 0, 0, 0, gpu_seconds FROM spent WHERE hired"
        f" UNION ALL SELECT pool, 0, 0, 0, held FROM ({_UNDER_WAY})"
        ") GROUP BY pool HAVING TOTAL(clusters) > 0 ORDER BY pool",
        (now, now),
    )
    return {row["pool"]: _bill(row) for row in rows}


async def idle(reader: Reader, now: float) -> Idle:
    """Return what the lab's clusters held beyond what runs held of them by `now`, a Unix time."""
    return sum((bill.idle for bill in (await bills(reader, now)).values()), Idle())


async def used_up(reader: Reader, allowance: Allowance, now: float) -> str:
    """Return which part of the allowance is spent by `now`: `GPU-hours` or `dollars`; empty if none is."""
    if allowance.gpu_hours is None and allowance.usd is None:
        return ""
    used = await spent(reader, now)
    if allowance.gpu_hours is not None and used.gpu_seconds / 3600 >= allowance.gpu_hours:
        return "GPU-hours"
    return "dollars" if allowance.usd is not None and used.usd >= allowance.usd else ""


async def reprice(tx: Transaction) -> None:
    """Reserve queued experiments, and what validations may launch, at today's price: the highest of a kind, as at launch."""
    prices = "(SELECT gpu AS kind, max(usd_per_hour) AS price FROM pools GROUP BY gpu)"
    await tx.execute(
        f"UPDATE experiments SET usd = gpu_seconds / 3600 * price FROM {prices} WHERE status = 'queued' AND gpu = kind"
    )
    await tx.execute(
        "UPDATE stages SET usd = gpu_seconds / 3600 * price"
        f" FROM (SELECT number, stage, price FROM validations JOIN {prices} ON gpu = kind WHERE finished_seq IS NULL) AS open"
        " WHERE validation = number AND place > open.stage"
    )


def _bill(row: Row) -> Bill:
    share = 1 - row["worked"] / row["gpu_seconds"] if row["gpu_seconds"] else 0.0
    return Bill(int(row["clusters"]), row["gpu_seconds"], row["usd"], Idle(share * row["gpu_seconds"], share * row["usd"]))
