"""Scaling: how many clusters a pool should hold. The number is written to the database, and the dispatcher passes it on."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ...domain import Pool
from ...errors import BadInputError, ConflictError, nearest
from ...ids import id_ranges
from ...pool_settings import ClusterLimits
from ...schemas.fleet import HeldCluster, Scaled, ScaleRequest
from ...schemas.messages import changed
from ...store.database import Reader
from ...store.money import clusters, spending
from ...store.money.clusters import DesiredClusters, HeldClusterRow
from ...store.money.spending import Committed
from ...store.running import runs
from .. import allowance
from ..after_commit import complete
from ..approval.coverage import find_coverage
from ..lab import Lab
from ..results.experiment_rows import significant
from ..status_line import lab_line


async def scale(lab: Lab, request: ScaleRequest, caller: str) -> Scaled:
    """Set the number of clusters that a pool holds from now on, within the person's limits. Returns at once.

    Raises:
        AllowanceError: The remaining allowance, or what was approved, doesn't cover the minimum cost of more clusters.
        BadInputError: The pool doesn't exist, launches no clusters, or may not hold this many.
        ConflictError: Running experiments would be lost, or the person has stopped all clusters.
    """
    pool, limits = await _pool(lab, request.pool)
    now = time.time()
    wanted = None if request.clusters is None else DesiredClusters(request.clusters, caller, now, by_person=False)
    if request.dry_run:
        priced = await _answer(lab, request, pool, limits, await _check(lab, lab.db, pool, limits, wanted, now), now)
        return changed(priced, lab=await lab_line(lab))
    async with lab.db.transaction() as tx:
        scaled = await _answer(lab, request, pool, limits, await _check(lab, tx, pool, limits, wanted, now), now)
        await clusters.save_desired(tx, pool.name, wanted)
    return await complete(lab, scaled, "Scaled")


async def _answer(
    lab: Lab, request: ScaleRequest, pool: Pool, limits: ClusterLimits, held: Sequence[HeldClusterRow], now: float
) -> Scaled:
    price = pool.usd_per_slot_hour * pool.gpus_per_cluster
    count = 1 if request.clusters is None else request.clusters
    return Scaled(
        pool=pool.name,
        gpu=pool.gpu,
        clusters=request.clusters,
        clusters_up=len(held),
        clusters_most=pool.most_clusters,
        gpus_per_cluster=pool.gpus_per_cluster,
        usd_per_cluster_hour=round(price, 2) or None,
        usd_per_hour_of_all=round(count * price, 2) or None if request.clusters is not None else None,
        lasts_hours=await _lasts_hours(lab, count * pool.gpus_per_cluster, count * price, now),
        dry_run=request.dry_run or None,
        next=_next(request, limits),
    )


async def give_up(lab: Lab, by: str) -> list[str]:
    """Set all pools to no clusters until the person allows clusters again. Return the names of the pools."""
    pools = [pool.name for pool in await lab.pools() if pool.most_clusters]
    async with lab.db.transaction() as tx:
        for pool in pools:
            await clusters.save_desired(tx, pool, DesiredClusters(0, by, time.time(), by_person=True))
    lab.wake_dispatcher()
    return pools


async def let_up(lab: Lab) -> list[str]:
    """Allow clusters again after `give_up`, as many as the queue needs. Return the names of the pools that were stopped."""
    async with lab.db.transaction() as tx:
        stopped = [pool for pool, wish in (await clusters.desired(tx)).items() if wish.by_person]
        for pool in stopped:
            await clusters.save_desired(tx, pool, None)
    lab.wake_dispatcher()
    return stopped


async def held_clusters(lab: Lab, *, ended: bool = False) -> list[HeldCluster]:
    """Return the lab's clusters in the order of their launch; with `ended`, also those that have ended."""
    return [
        HeldCluster(
            name=row.cluster.name,
            pool=row.cluster.pool,
            status=row.cluster.status,
            note=row.cluster.note,
            gpus=row.cluster.gpus,
            seconds=row.seconds,
            usd=row.usd,
        )
        for row in await clusters.held_clusters(lab.db, time.time(), ended=ended)
    ]


async def _pool(lab: Lab, name: str) -> tuple[Pool, ClusterLimits]:
    pools = {pool.name: pool for pool in await lab.pools()}
    if name not in pools:
        raise BadInputError(f"There is no pool {name!r}", nearest(name, pools, "pools", "list_gpus shows them"))
    limits = lab.settings.pools[name].clusters
    if limits is None:
        scalable = [pool.name for pool in pools.values() if pool.most_clusters]
        remedy = (
            f"Name one of these: {', '.join(scalable)}"
            if scalable
            else "scale_pool can't be used in this lab: none of its pools launches clusters"
        )
        raise BadInputError(f"The pool {name} launches no clusters: its {pools[name].slots} slots are always there", remedy)
    return pools[name], limits


async def _check(
    lab: Lab, reader: Reader, pool: Pool, limits: ClusterLimits, wanted: DesiredClusters | None, now: float
) -> Sequence[HeldClusterRow]:
    """Refuse a number that isn't allowed. Return the clusters that the pool holds."""
    held = [row for row in await clusters.held_clusters(reader, now, ended=False) if row.cluster.pool == pool.name]
    current = (await clusters.desired(reader)).get(pool.name)
    if current is not None and current.by_person:
        raise ConflictError(
            f"The person stopped all clusters of this lab ({current.by}, {(now - current.at) / 60:.0f} minutes ago)",
            "Only the person can allow them again: labhand up",
        )
    if wanted is None:
        return held
    if wanted.clusters > pool.most_clusters:
        raise BadInputError(
            f"clusters={wanted.clusters} is more than the pool {pool.name} may hold",
            f"Give {pool.most_clusters} at most; the person can raise max_clusters in labhand.toml",
        )
    await _refuse_losing(lab, pool, wanted.clusters, len(held))
    additional = max(0, wanted.clusters - len(held))
    min_gpu_seconds = additional * pool.gpus_per_cluster * limits.idle_minutes * 60.0
    cost = Committed(0, min_gpu_seconds, min_gpu_seconds / 3600 * pool.usd_per_slot_hour)
    if additional:
        allowed = lab.allowance()
        allowance.check(allowed, await spending.committed(reader, now), cost)
        allowance.refuse_unpriced(lab, allowed, pool.gpu, is_priced=pool.is_priced)
        (await find_coverage(reader, lab.approval(), cost, {pool.gpu})).require()
    return held


async def _refuse_losing(lab: Lab, pool: Pool, wanted: int, held: int) -> None:
    """Refuse a number of clusters that is too small for the running experiments. Idle clusters are torn down first."""
    at_work = [attempt.run.experiment for attempt in await runs.active(lab.db) if attempt.run.pool == pool.name]
    if wanted < held and len(at_work) * pool.gpus_per_slot > wanted * pool.gpus_per_cluster:
        raise ConflictError(
            f"{len(at_work)} experiments run on {pool.name}, and {wanted} clusters have {wanted * pool.gpus_per_cluster} GPUs:"
            f" so some of {', '.join(id_ranges(at_work))} would lose their GPU",
            "Wait for them, or cancel them first",
        )


async def _lasts_hours(lab: Lab, gpus: int, usd_per_hour: float, now: float) -> float | None:
    limits, spent = lab.allowance(), await spending.spent(lab.db, now)
    left = [
        (limits.gpu_hours - spent.gpu_seconds / 3600) / gpus if limits.gpu_hours is not None and gpus else None,
        (limits.usd - spent.usd) / usd_per_hour if limits.usd is not None and usd_per_hour else None,
    ]
    limited = [max(0.0, hours) for hours in left if hours is not None]
    return significant(min(limited), 3) if limited else None


def _next(request: ScaleRequest, limits: ClusterLimits) -> str:
    if request.dry_run:
        return ""
    if request.clusters is None:
        return f"Clusters come up as the queue needs, and end after {limits.idle_minutes} minutes without work"
    as_needed = ScaleRequest(pool=request.pool, clusters=None).as_call()
    if request.clusters == 0:
        return f"Nothing starts there until {as_needed}"
    return f"They cost money even while idle: call {as_needed} when the work is done"
