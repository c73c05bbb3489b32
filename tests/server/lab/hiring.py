"""Labs that hire machines of a provider who is one of the tests."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from labhand.server.dispatcher.loop import Dispatcher
from labhand.server.dispatcher.pool_backends import PoolBackend, PoolBackends
from labhand.server.domain import Cluster
from labhand.server.lab.lab import Lab
from labhand.server.pool_settings import SkyPilotPool
from labhand.server.settings import load_settings
from labhand.server.store.money import clusters, pools

from ..backends.hired import HiredBackend, Provider
from ..dispatcher import support
from . import writing
from .builders import Woken

TOML = """\
trainer = "trainer"
{more}
[pools.h100]
backend = "skypilot"
infra = "slurm/lab"
gpu = "H100"
gpus_per_cluster = 8
max_clusters = 2
idle_minutes = 10
{priced}
[pools.h200]
backend = "skypilot"
infra = "slurm/lab"
gpu = "H200"
gpus_per_cluster = 3
storage = "/shared"
{priced}
"""
PRICE = 2.0
"""Dollars an hour, of a GPU."""


@asynccontextmanager
async def lab(root: Path, *, more: str = "", priced: bool = True, woken: Woken | None = None) -> AsyncGenerator[Lab]:
    """A lab with two clusters of eight H100, and one of three H200, none of which is up. `more` goes before the pools."""
    writing.lay_out(root)
    price = f"usd_per_hour = {PRICE}" if priced else ""
    (root / "labhand.toml").write_text(TOML.format(more=more, priced=price), "utf-8")
    opened = await Lab.open(root, wake=woken or Woken())
    try:
        yield opened
    finally:
        await opened.close()


async def asked(lab: Lab) -> None:
    """Stand for a dispatcher that has asked what pools cost."""
    async with lab.db.transaction() as tx:
        await pools.save(tx, [replace(pool, as_of=time.time(), usd_per_slot_hour=PRICE) for pool in await lab.pools()])


async def told(lab: Lab, *up: Cluster, pool: str = "h100", now: float | None = None) -> None:
    """Stand for a dispatcher to which a backend has told of its clusters."""
    async with lab.db.transaction() as tx:
        await clusters.save(tx, pool, up, time.time() if now is None else now)


def cluster(name: str = "h100-1", *, ago: float = 3600.0, pool: str = "h100", gpus: int = 8) -> Cluster:
    """A cluster that is up since some seconds."""
    return Cluster(name, pool, gpus, "up", gpus * PRICE, time.time() - ago)


def pools_of(lab: Lab, provider: Provider) -> PoolBackends:
    """The lab's pools as a new dispatcher has them, on the provider's machines."""
    hired: Mapping[str, SkyPilotPool] = {
        name: pool for name, pool in load_settings(lab.root).pools.items() if isinstance(pool, SkyPilotPool)
    }
    return PoolBackends({name: PoolBackend(HiredBackend(name, pool, provider)) for name, pool in hired.items()})


@dataclass(frozen=True)
class Dispatching:
    """A dispatcher at work on a provider's machines."""

    loop: Dispatcher
    pools: PoolBackends

    async def tick(self) -> bool:
        """Let it do what there is to do; False when nothing is left."""
        return await self.loop.tick()

    async def look_again(self) -> bool:
        """The same, as if so much time had passed that pools are looked at."""
        self.pools.look_anew()
        return await self.loop.tick()

    async def has_work(self) -> bool:
        """Whether something is left to do."""
        return await self.loop.has_work()


@asynccontextmanager
async def dispatcher(lab: Lab, provider: Provider) -> AsyncGenerator[Dispatching]:
    """A dispatcher's loop that hires of a provider, to be ticked by hand."""
    hired = pools_of(lab, provider)
    async with support.loop(lab, hired) as loop:
        yield Dispatching(loop, hired)
