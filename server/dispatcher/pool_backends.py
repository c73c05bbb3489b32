"""The lab's pools, each with its backend, as the dispatcher uses them."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from ..backends.base import Backend, ClusterBackend, RunReport
from ..backends.registry import make_backends
from ..domain import Cluster, Direction, Pool, Run
from ..errors import LabhandError
from ..pool_settings import PoolSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PoolBackend:
    """A pool's backend, and what the pool's settings demand of its runs.

    Attributes:
        sandbox_required: Whether runs are refused on a machine whose kernel can't confine them.
    """

    backend: Backend
    sandbox_required: bool = False


class PoolBackends:
    """The backends of a lab by the names of their pools. A dispatcher enters this, and leaves it when it ends.

    Args:
        backends: The pools' backends, by the pool's name.
        shared: Context managers that several backends need; entered before them.

    Attributes:
        cluster_backends: The backends that hire clusters, by the pool's name.
        seen: The pools as they were when they were last looked at.
        held: The clusters of each pool that launches them, without pools whose backend couldn't tell.
    """

    def __init__(self, backends: Mapping[str, PoolBackend], shared: Sequence[AbstractAsyncContextManager[object]] = ()) -> None:
        self._backends = backends
        self.cluster_backends: Mapping[str, ClusterBackend] = {
            name: pool.backend for name, pool in backends.items() if isinstance(pool.backend, ClusterBackend)
        }
        self._shared = shared
        self._stack = AsyncExitStack()
        self._looked_at: float | None = None
        self._rests: dict[str, tuple[float, str]] = {}
        self.seen: Sequence[Pool] = ()
        self.held: Mapping[str, Sequence[Cluster]] = {}

    @classmethod
    def of_settings(cls, pools: Mapping[str, PoolSettings], runs: Path, direction: Direction = "minimize") -> PoolBackends:
        """Make the backends of pools. Needs a running event loop; may ask for GPUs, which takes some seconds.

        Args:
            pools: The settings of the pools, by name.
            runs: The folder that holds the lab's run folders.
            direction: Whether the trainer's metric is minimized or maximized.
        """
        made = make_backends(pools, runs, direction)
        return cls({name: PoolBackend(made.by_pool[name], pool.sandbox_required) for name, pool in pools.items()}, made.shared)

    def __getitem__(self, pool: str) -> PoolBackend:
        return self._backends[pool]

    def __contains__(self, pool: object) -> bool:
        return pool in self._backends

    async def look(self, every_seconds: float) -> bool:
        """Ask all backends for their pools and clusters, unless that was done in the last `every_seconds`.

        Returns:
            Whether they were asked now.
        """
        now = time.monotonic()
        if self._looked_at is not None and now - self._looked_at < every_seconds:
            return False
        self._rests = {name: rest for name, rest in self._rests.items() if now < rest[0]}
        pools = [await pool.backend.pool() for pool in self._backends.values()]
        self.seen = [
            replace(pool, note=pool.note or self._rests[pool.name][1]) if pool.name in self._rests else pool for pool in pools
        ]
        self.held = await self._clusters()
        self._looked_at = now
        return True

    async def _clusters(self) -> dict[str, Sequence[Cluster]]:
        held: dict[str, Sequence[Cluster]] = {}
        for name, backend in self.cluster_backends.items():
            try:
                held[name] = await backend.clusters()
            except (LabhandError, OSError):  # the database keeps what it had
                log.exception("%s can't tell which clusters it holds", name)
        return held

    def usable(self) -> list[Pool]:
        """Return the pools on which runs can start."""
        return [pool for pool in self.seen if not pool.note]

    def rest(self, pool: str, why: str, seconds: float) -> None:
        """Start nothing on a pool for a while. The reason becomes the pool's note."""
        self._rests[pool] = (time.monotonic() + seconds, why)
        self.look_anew()

    def look_anew(self) -> None:
        """Have the next `look` ask the backends, however recent the last one was."""
        self._looked_at = None

    def is_resting(self, pool: str) -> bool:
        """Whether nothing is started on a pool at the moment, after a call of `rest`."""
        return pool in self._rests and time.monotonic() < self._rests[pool][0]

    async def poll(self, runs: Iterable[Run]) -> dict[str, RunReport]:
        """Ask the backends for reports on runs, and return them by run id."""
        by_pool: defaultdict[str, list[Run]] = defaultdict(list)
        for run in runs:
            by_pool[run.pool].append(run)
        reports: dict[str, RunReport] = {}
        for name, own in by_pool.items():
            reports |= await self._backends[name].backend.poll(own)
        return reports

    @asynccontextmanager
    async def asking(self) -> AsyncGenerator[None]:
        """Let the backends be asked without being entered: a dispatcher, which acts on them, may live at the same time."""
        async with AsyncExitStack() as stack:
            for context in self._shared:
                await stack.enter_async_context(context)
            yield

    async def __aenter__(self) -> Self:
        """Enter all backends, so that they do their background work."""
        await self._stack.enter_async_context(self.asking())
        for pool in self._backends.values():
            await self._stack.enter_async_context(pool.backend)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Leave all backends. Runs go on."""
        return await self._stack.__aexit__(kind, error, trace)
