"""Clusters: which are held, from when to when, at what price; and how many are wished for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...domain import Cluster
from ..database import Reader, Row, Transaction


@dataclass(frozen=True, slots=True)
class HeldClusterRow:
    """A cluster with what it cost.

    Attributes:
        seconds: From its launch to its end, or until the time that was asked for.
        usd: For that time, at the prices that it had.
    """

    cluster: Cluster
    seconds: float
    usd: float


@dataclass(frozen=True, slots=True)
class DesiredClusters:
    """How many clusters a pool is to hold.

    Attributes:
        by_person: The person said so at the command line; no tool takes it back.
    """

    clusters: int
    by: str
    at: float
    by_person: bool


async def save(tx: Transaction, pool: str, seen: Sequence[Cluster], now: float) -> None:
    """Write down which clusters a pool's backend tells of.

    One that it tells of no more is gone from now on: whoever knew since when is dead. A price holds from when it is first seen,
    and what was paid before stays; a first one of 0 wasn't known, and nothing was paid at it. What has ended stays as it ended,
    unless it is seen again. A backend may correct when a cluster was launched, which it often knows only when it is up.
    """
    for cluster in seen:
        await _keep(tx, cluster, now)
    await tx.execute(
        "UPDATE clusters SET status = 'gone', ended_at = max(?, launched_at)"
        " WHERE pool = ? AND ended_at IS NULL AND name NOT IN (SELECT value FROM json_each(?))",
        (now, pool, json.dumps([cluster.name for cluster in seen])),
    )


async def _keep(tx: Transaction, cluster: Cluster, now: float) -> None:
    at = now if cluster.ended_at is None else min(now, cluster.ended_at)
    await tx.execute(
        "INSERT INTO clusters (name, pool, gpus, status, usd_per_hour, launched_at, up_at, ended_at, note, priced_since)"
        " VALUES (:name, :pool, :gpus, :status, :price, :launched, iif(:status = 'up', :now, NULL), :ended, :note, :launched)"
        " ON CONFLICT (name) DO UPDATE SET status = excluded.status, ended_at = excluded.ended_at, note = excluded.note,"
        " launched_at = :launched,"
        " up_at = coalesce(up_at, excluded.up_at),"
        " usd_before = usd_before + iif(usd_per_hour = :price, 0, max(0, :at - priced_since) / 3600 * usd_per_hour),"
        " priced_since = CASE WHEN usd_before = 0 AND usd_per_hour IN (0, :price) THEN :launched"
        " WHEN usd_per_hour <> :price THEN max(:at, priced_since) ELSE priced_since END,"
        " usd_per_hour = :price"
        " WHERE ended_at IS NULL OR excluded.ended_at IS NULL",
        {
            "name": cluster.name,
            "pool": cluster.pool,
            "gpus": cluster.gpus,
            "status": cluster.status,
            "price": cluster.usd_per_cluster_hour,
            "launched": cluster.launched_at,
            "ended": cluster.ended_at,
            "note": cluster.note,
            "now": now,
            "at": at,
        },
    )


async def held_clusters(reader: Reader, now: float, *, ended: bool = True) -> list[HeldClusterRow]:
    """Clusters in the order of their launch, with what they cost until `now`, a Unix time; on demand only what isn't gone."""
    rows = await reader.rows(
        "SELECT *, max(0, until - launched_at) AS seconds,"
        " usd_before + max(0, until - priced_since) / 3600 * usd_per_hour AS usd"
        " FROM (SELECT *, coalesce(ended_at, ?) AS until FROM clusters WHERE ? OR ended_at IS NULL) ORDER BY launched_at, name",
        (now, ended),
    )
    return [HeldClusterRow(_cluster(row), row["seconds"], row["usd"]) for row in rows]


async def startup_seconds(reader: Reader, pool: str, most: int = 5) -> float | None:
    """How long the newest clusters of a pool took to come up, in the mean; None where none did."""
    row = await reader.row(
        "SELECT avg(up_at - launched_at) AS mean FROM (SELECT up_at, launched_at FROM clusters"
        " WHERE pool = ? AND up_at IS NOT NULL ORDER BY launched_at DESC LIMIT ?)",
        (pool, most),
    )
    return row["mean"] if row else None


async def save_desired(tx: Transaction, pool: str, wanted: DesiredClusters | None) -> None:
    """Write down how many clusters a pool is to hold; None for as many as the queue needs."""
    await tx.execute("DELETE FROM wishes WHERE pool = ?", (pool,))
    if wanted is not None:
        await tx.execute(
            "INSERT INTO wishes (pool, clusters, wished_by, wished_at, by_person) VALUES (?, ?, ?, ?, ?)",
            (pool, wanted.clusters, wanted.by, wanted.at, wanted.by_person),
        )


async def desired(reader: Reader) -> Mapping[str, DesiredClusters]:
    """What is wished for each pool; without one it holds as many as the queue needs."""
    rows = await reader.rows("SELECT * FROM wishes")
    return {
        row["pool"]: DesiredClusters(row["clusters"], row["wished_by"], row["wished_at"], by_person=bool(row["by_person"]))
        for row in rows
    }


def _cluster(row: Row) -> Cluster:
    return Cluster(
        name=row["name"],
        pool=row["pool"],
        gpus=row["gpus"],
        status=row["status"],
        usd_per_cluster_hour=row["usd_per_hour"],
        launched_at=row["launched_at"],
        ended_at=row["ended_at"],
        note=row["note"],
    )
