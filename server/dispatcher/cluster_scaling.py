"""Machines that are hired: which clusters there are is kept in the database, how many there are to be is told to the backends.

A pool holds as many as somebody wished for, or else as the queue needs. Once the allowance is used up, or nothing that waits
is approved, nothing starts any more, and a pool's clusters are given up as soon as nothing runs there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping

from ..domain import Pool
from ..errors import LabhandError
from ..settings import Allowance
from ..store.database import Database, Transaction
from ..store.money import clusters, spending
from ..store.money.clusters import DesiredClusters
from ..store.steering_state import pause
from .pool_backends import PoolBackends

WISH_SECONDS = 3600.0
"""How long clusters that were wished for are held with nothing to do: whoever wished may be gone."""
PRICE_SECONDS = 120.0
"""How long a dispatcher lives on for the sake of a price that its backend has yet to ask for."""
REST_SECONDS = 10.0
"""Before a backend that couldn't be told is told again."""

log = logging.getLogger(__name__)


class ClusterScaler:
    """Keeps clusters within what is wished, needed and allowed.

    It keeps nothing that it couldn't read again: a new one tells every backend anew.

    Args:
        db: The lab's.
        pools: With their backends.
        allowance: The person's.

    Attributes:
        used_up: What of the allowance is; empty while nothing is.
        is_paused: The person lets nothing start.
        is_unapproved: What waits needs a person's approval, or nothing more may start without one.
    """

    def __init__(self, db: Database, pools: PoolBackends, allowance: Allowance) -> None:
        self._db = db
        self._pools = pools
        self._allowance = allowance
        self._wishes: Mapping[str, DesiredClusters] = {}
        self._held: Collection[str] = ()
        self._at_work: Collection[str] = ()
        self._last_at_work: dict[str, float] = {}
        self._told: dict[str, int | None] = {}
        self._prices: Mapping[str, float] = {}
        self._began = time.monotonic()
        self.used_up = ""
        self.is_paused = False
        self.is_unapproved = False

    @property
    def is_holding(self) -> bool:
        """Whether a cluster is held, or is to be."""
        return bool(self._held) or any(self._wanted(pool.name) for pool in self._hired())

    @property
    def is_in_motion(self) -> bool:
        """Whether news is awaited: a cluster is held that isn't to be, or a price isn't known."""
        return self.is_asking or any(self._wanted(pool) == 0 for pool in self._held)

    @property
    def is_asking(self) -> bool:
        """Whether a backend has yet to say what its pool costs."""
        return time.monotonic() < self._began + PRICE_SECONDS and any(not pool.is_priced for pool in self._hired())

    def is_over(self) -> bool:
        """Whether the allowance, or the person, lets nothing start now."""
        return (
            self.is_paused or bool(self.used_up) or (self._allowance.ends is not None and time.time() >= self._allowance.ends)
        )

    def may_start(self, pool: Pool) -> bool:
        """Whether runs may be started on a pool."""
        return not self.is_over() and not (pool.most_clusters and self._wanted(pool.name) == 0)

    async def keep(self, tx: Transaction, now: float) -> None:
        """Write down what backends tell of their clusters, and reserve at today's prices."""
        for pool, seen in self._pools.held.items():
            await clusters.save(tx, pool, seen, now)
        prices = {pool.name: pool.usd_per_slot_hour for pool in self._pools.seen}
        if prices != self._prices:
            await spending.reprice(tx)
            self._prices = prices

    async def read(self, at_work: Collection[str]) -> None:
        """Read what is held, wished for and spent.

        Args:
            at_work: Pools on which a run is.
        """
        now = time.time()
        self._at_work = at_work
        self._last_at_work |= dict.fromkeys(at_work, now)
        if hired := {pool.name for pool in self._hired()}:
            self._wishes = await clusters.desired(self._db)
            open_now = await clusters.held_clusters(self._db, now, ended=False)
            self._held = {row.cluster.pool for row in open_now if row.cluster.pool in hired}
        self.is_paused = await pause(self._db) is not None
        before, self.used_up = self.used_up, await spending.used_up(self._db, self._allowance, now)
        if self.used_up and not before:
            log.warning("The allowance of %s is used up: nothing starts, and idle clusters are given up", self.used_up)

    async def steer(self) -> None:
        """Tell backends how many clusters to hold, where that is news to them."""
        await self._let_wishes_lapse()
        for pool in self._hired():
            wanted = self._wanted(pool.name)
            if self._told.get(pool.name, ...) == wanted or self._pools.is_resting(pool.name):
                continue
            log.info("Clusters of %s: %s", pool.name, "as many as the queue needs" if wanted is None else wanted)
            try:
                await self._pools.cluster_backends[pool.name].scale(wanted)
            except (LabhandError, OSError) as error:  # the other pools go on
                log.exception("%s could not be told", pool.name)
                self._pools.rest(pool.name, f"it couldn't be scaled: {error}", REST_SECONDS)
            else:
                self._told[pool.name] = wanted

    def _hired(self) -> list[Pool]:
        return [pool for pool in self._pools.seen if pool.most_clusters]

    def _wanted(self, pool: str) -> int | None:
        """How many clusters a pool is to hold; None for as many as the queue needs."""
        wish = self._wishes.get(pool)
        if wish is not None and wish.clusters == 0:
            return 0
        if self.is_over() or self.is_unapproved:
            return None if pool in self._at_work else 0
        most = next((hiring.most_clusters for hiring in self._hired() if hiring.name == pool), 0)
        return min(most, wish.clusters) if wish is not None else None

    async def _let_wishes_lapse(self) -> None:
        for pool, wish in self._wishes.items():
            busy_until = max(wish.at, self._last_at_work.get(pool, 0.0))
            if wish.clusters and time.time() - busy_until > WISH_SECONDS:
                log.info("Nothing ran on %s for long: its %d clusters are held no more", pool, wish.clusters)
                async with self._db.transaction() as tx:
                    await clusters.save_desired(tx, pool, None)
