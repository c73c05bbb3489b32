"""What a storm of failures holds back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from labhand.server.domain import Failure
from labhand.server.store.running import holds, queue

from ...lab import builders, hiring

pytestmark = pytest.mark.anyio


async def test_a_storm_on_one_kind_of_gpu_holds_nothing_on_another(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        grid = await builders.grid(lab)
        for gpu in ("H100", "H200"):
            for _ in range(3):
                await builders.failure(lab, "out_of_memory", gpu=gpu, grid=grid)
                await builders.experiment(lab, gpu=gpu, grid=grid)
        async with lab.db.transaction() as tx:
            scope = await holds.scope_of(tx, 1)
            assert (len(scope.outcomes), scope.queued) == (3, 3)
            await holds.save_hold(tx, 1, Failure.OUT_OF_MEMORY, "three ran out of memory", time.time())
        [held] = await holds.active_holds(lab.db)
        assert held.experiments == [2, 4, 6]
        assert await queue.startable(lab.db, ["H200"])
        assert not await queue.startable(lab.db, ["H100"])
        async with lab.db.transaction() as tx:
            await holds.lift_holds(tx, 7)  # the same source, on the other kind
            assert await holds.active_holds(tx)
            await holds.lift_holds(tx, 1)
            assert not await holds.active_holds(tx)
