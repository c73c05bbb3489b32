"""Scaling: how many clusters a pool is to hold. The wish is written down, and the dispatcher hands it on."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ...domain import Pool
from ...errors import BadInputError, ConflictError, nearest
from ...ids import id_ranges
from ...schemas.fleet import HeldCluster, Scaled, ScaleRequest
from ...settings import ClusterLimits
from ...store.database import Reader
from ...store.money import clusters, spending
from ...store.money.clusters import DesiredClusters, HeldClusterRow
from ...store.money.spending import Committed
from ...store.running import runs
from .. import allowance
from ..lab import Lab
from ..results.experiment_rows import significant
from ..status_line import lab_line


async def scale(lab: Lab, request: ScaleRequest, caller: str) -> Scaled:
    """Have a pool hold so many clusters from now on, within what the person allowed; answers at once.

    Raises:
        AllowanceError: What is left doesn't cover what more clusters cost at the least.
        BadInputError: The pool hires no machines, or may not hold so many; or there is no such pool.
        ConflictError: Experiments run there that would be lost; or the person gave up all clusters.
    """
    pool, limits = await _pool(lab, request.pool)
    now = time.time()
    wanted = None if request.clusters is None else DesiredClusters(request.clusters, caller, now, by_person=False)
    if request.dry_run:
        held = await _check(lab, lab.db, pool, limits, wanted, now)
    else:
        async with lab.db.transaction() as tx:
            held = await _check(lab, tx, pool, limits, wanted, now)
            await clusters.save_desired(tx, pool.name, wanted)
        lab.wake_dispatcher()
    price = pool.usd_per_hour * pool.gpus_per_cluster
    count = 1 if request.clusters is None else request.clusters
    return Scaled(
        pool=pool.name,
        gpu=pool.gpu,
        clusters=request.clusters,
        clusters_up=len(held),
        clusters_most=pool.most_clusters,
        gpus_per_cluster=pool.gpus_per_cluster,
        usd_per_hour=round(count * price, 2) or None,
        lasts_hours=await _lasts_hours(lab, count * pool.gpus_per_cluster, count * price, now),
        dry_run=request.dry_run or None,
        next=_next(request, limits),
        lab=await lab_line(lab),
    )


async def give_up(lab: Lab, by: str) -> list[str]:
    """Have all pools hold nothing, until the person lets them again; gives the pools."""
    pools = [pool.name for pool in await lab.pools() if pool.most_clusters]
    async with lab.db.transaction() as tx:
        for pool in pools:
            await clusters.save_desired(tx, pool, DesiredClusters(0, by, time.time(), by_person=True))
    lab.wake_dispatcher()
    return pools


async def let_up(lab: Lab) -> list[str]:
    """Have pools hold as many clusters as the queue needs again, after `give_up`; gives those that had been given up."""
    async with lab.db.transaction() as tx:
        stopped = [pool for pool, wish in (await clusters.desired(tx)).items() if wish.by_person]
        for pool in stopped:
            await clusters.save_desired(tx, pool, None)
    lab.wake_dispatcher()
    return stopped


async def held_clusters(lab: Lab, *, ended: bool = False) -> list[HeldCluster]:
    """The lab's clusters in the order of their launch; those that are gone on demand only."""
    return [
        HeldCluster(
            name=one.cluster.name,
            pool=one.cluster.pool,
            status=one.cluster.status,
            note=one.cluster.note,
            gpus=one.cluster.gpus,
            seconds=one.seconds,
            usd=one.usd,
        )
        for one in await clusters.held_clusters(lab.db, time.time(), ended=ended)
    ]


async def _pool(lab: Lab, name: str) -> tuple[Pool, ClusterLimits]:
    pools = {pool.name: pool for pool in await lab.pools()}
    if name not in pools:
        raise BadInputError(f"There is no pool {name!r}", f"{nearest(name, pools)} list_gpus shows them")
    limits = lab.settings.pools[name].clusters
    if limits is None:
        hired = [pool.name for pool in pools.values() if pool.most_clusters]
        rest = f"Those that do: {', '.join(hired)}" if hired else "No pool of this lab does"
        raise BadInputError(f"The pool {name} hires no machines: its {pools[name].slots} slots are always there", rest)
    return pools[name], limits


async def _check(
    lab: Lab, reader: Reader, pool: Pool, limits: ClusterLimits, wanted: DesiredClusters | None, now: float
) -> Sequence[HeldClusterRow]:
    """Refuse what isn't allowed; gives the clusters that the pool holds."""
    held = [one for one in await clusters.held_clusters(reader, now, ended=False) if one.cluster.pool == pool.name]
    known = (await clusters.desired(reader)).get(pool.name)
    if known is not None and known.by_person:
        raise ConflictError(
            f"The person gave up all clusters of this lab ({known.by}, {(now - known.at) / 60:.0f} minutes ago)",
            "Only the person lets them come up again: labhand up",
        )
    if wanted is None:
        return held
    if wanted.clusters > pool.most_clusters:
        raise BadInputError(
            f"clusters={wanted.clusters} is more than the pool {pool.name} may hold",
            f"Give {pool.most_clusters} at the most; the person can raise max_clusters in labhand.toml",
        )
    await _refuse_losing(lab, pool, wanted.clusters, len(held))
    more = max(0, wanted.clusters - len(held))
    least = more * pool.gpus_per_cluster * limits.idle_minutes * 60.0
    cost = Committed(0, least, least / 3600 * pool.usd_per_hour)
    if more:
        allowed = lab.allowance()
        allowance.check(allowed, await spending.committed(reader, now), cost)
        allowance.refuse_unpriced(lab, allowed, pool.gpu, is_priced=pool.is_priced)
    return held


async def _refuse_losing(lab: Lab, pool: Pool, wanted: int, held: int) -> None:
    """Refuse to give up clusters that have something to run: idle ones go first."""
    at_work = [attempt.run.experiment for attempt in await runs.active(lab.db) if attempt.run.pool == pool.name]
    if wanted < held and len(at_work) > wanted * pool.gpus_per_cluster:
        raise ConflictError(
            f"{len(at_work)} experiments run on {pool.name}, and {wanted} clusters have {wanted * pool.gpus_per_cluster} GPUs:"
            f" some of {', '.join(id_ranges(at_work))} would be lost",
            "Wait for them, or cancel them first",
        )


async def _lasts_hours(lab: Lab, gpus: int, usd_per_hour: float, now: float) -> float | None:
    limits, spent = lab.allowance(), await spending.spent(lab.db, now)
    left = [
        (limits.gpu_hours - spent.gpu_seconds / 3600) / gpus if limits.gpu_hours is not None and gpus else None,
        (limits.usd - spent.usd) / usd_per_hour if limits.usd is not None and usd_per_hour else None,
    ]
    known = [max(0.0, hours) for hours in left if hours is not None]
    return significant(min(known), 3) if known else None


def _next(request: ScaleRequest, limits: ClusterLimits) -> str:
    if request.dry_run:
        return ""
    if request.clusters is None:
        return f"Clusters come up as the queue needs, and go {limits.idle_minutes} minutes after they have nothing to do"
    if request.clusters == 0:
        return f'Nothing starts there until scale_pool(pool="{request.pool}", clusters=null)'
    return f'They are held idle or not, and cost that: scale_pool(pool="{request.pool}", clusters=null) when the work is done'
