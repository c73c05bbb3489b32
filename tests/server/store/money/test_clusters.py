"""What clusters cost: from launch to end, at the prices that they had."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from labhand.server.domain import Cluster
from labhand.server.lab.lab import Lab
from labhand.server.store.money import clusters, spending

from ...lab import builders, hiring

pytestmark = pytest.mark.anyio
HOUR = 3600.0
BEGAN = 1_000_000.0
ONE = Cluster("h100-1", "h100", 8, "up", 16.0, BEGAN)


async def cost(lab: Lab, at: float) -> tuple[float, float]:
    """GPU-hours and dollars of all clusters by some hours after the first was launched."""
    held = await clusters.held_clusters(lab.db, BEGAN + at * HOUR)
    committed = await spending.committed(lab.db, BEGAN + at * HOUR)
    assert committed.usd == pytest.approx(sum(one.usd for one in held))
    assert committed.gpu_seconds == pytest.approx(sum(one.seconds * one.cluster.gpus for one in held))
    return committed.gpu_seconds / HOUR, committed.usd


async def told(lab: Lab, *seen: Cluster, at: float) -> None:
    """A backend tells, some hours after the first cluster was launched."""
    await hiring.told(lab, *seen, now=BEGAN + at * HOUR)


async def test_a_cluster_costs_as_long_as_it_lives_whatever_runs_on_it(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await told(lab, ONE, at=0.1)
        assert await cost(lab, 2) == pytest.approx((16, 32))
        await told(lab, replace(ONE, status="gone", ended_at=BEGAN + 3 * HOUR), at=5)
        assert await cost(lab, 9) == pytest.approx((24, 48))


async def test_a_price_holds_from_when_it_is_first_seen(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await told(lab, ONE, at=0)
        await told(lab, replace(ONE, usd_per_cluster_hour=20.0), at=1)
        await told(lab, replace(ONE, usd_per_cluster_hour=20.0), at=1.5)
        await told(lab, replace(ONE, usd_per_cluster_hour=10.0), at=2)
        assert (await cost(lab, 3))[1] == pytest.approx(16 + 20 + 10)
        await told(lab, replace(ONE, usd_per_cluster_hour=99.0, status="gone", ended_at=BEGAN + 3 * HOUR), at=5)
        assert (await cost(lab, 9))[1] == pytest.approx(16 + 20 + 10)


async def test_a_price_that_was_not_known_at_first_holds_from_the_launch(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await told(lab, replace(ONE, usd_per_cluster_hour=0.0, status="starting"), at=0)
        for at in (1, 2):
            await told(lab, ONE, at=at)
        assert (await cost(lab, 3))[1] == pytest.approx(48)


async def test_a_backend_may_correct_when_a_cluster_was_launched(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await told(lab, replace(ONE, status="starting"), at=0)
        await told(lab, replace(ONE, launched_at=BEGAN + HOUR), at=1)
        assert await cost(lab, 2) == pytest.approx((8, 16))


async def test_a_cluster_of_which_nobody_tells_any_more_ended_when_that_was_seen(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        other = replace(ONE, name="h200-1", pool="h200")
        await told(lab, ONE, at=0)
        await hiring.told(lab, other, pool="h200", now=BEGAN)
        await told(lab, at=4)
        [gone, up] = await clusters.held_clusters(lab.db, BEGAN + 9 * HOUR)
        assert (gone.cluster.status, gone.cluster.ended_at) == ("gone", BEGAN + 4 * HOUR)
        assert up.cluster.ended_at is None
        await told(lab, replace(ONE, status="gone", ended_at=BEGAN + HOUR), at=5)
        assert (await clusters.held_clusters(lab.db, BEGAN))[0].cluster.ended_at == BEGAN + 4 * HOUR


async def test_a_cluster_that_was_given_up_for_gone_and_is_seen_again_never_ended(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await told(lab, ONE, at=0)
        await told(lab, at=1)
        await told(lab, ONE, at=2)
        assert await cost(lab, 3) == pytest.approx((24, 48))


async def test_a_clock_that_was_set_back_makes_nothing_negative(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await told(lab, ONE, at=-2)
        await told(lab, replace(ONE, usd_per_cluster_hour=20.0), at=-1)
        assert await cost(lab, -1) == (0, 0)


async def test_what_runs_on_clusters_is_counted_once(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await hiring.told(lab, hiring.cluster(ago=HOUR))
        number = await builders.experiment(lab, status="running", gpu="H100", held=1000.0, usd=10.0)
        before = await spending.committed(lab.db, time.time())
        assert before.usd == pytest.approx(16 + 10, abs=0.1)
        run = await builders.run(lab, number)
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE runs SET pool = 'h100', running_at = ? WHERE id = ?", (time.time() - 600, run))
        under_way = await spending.committed(lab.db, time.time())
        assert under_way.usd == pytest.approx(16 + 4, abs=0.1)
        assert under_way.gpu_seconds == pytest.approx(8 * HOUR + 400, abs=20)
        assert (await spending.spent(lab.db, time.time())).under_way_seconds == pytest.approx(600, abs=2)
        [bill] = (await spending.bills(lab.db, time.time())).values()
        assert bill.idle.gpu_seconds == pytest.approx(8 * HOUR - 600, abs=20)
        assert bill.idle.usd == pytest.approx(16 * (1 - 600 / (8 * HOUR)), abs=0.1)


async def test_an_allowance_is_used_up_by_what_is_spent_and_not_by_what_is_reserved(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path, more="[allowance]\nusd = 20\ngpu_hours = 12") as lab:
        limits = lab.allowance()
        await hiring.told(lab, hiring.cluster(ago=HOUR))
        await builders.experiment(lab, gpu="H100", held=100 * HOUR, usd=200.0)
        assert await spending.used_up(lab.db, limits, time.time()) == ""
        assert await spending.used_up(lab.db, limits, time.time() + HOUR / 2) == "GPU-hours"
        only_dollars = limits.model_copy(update={"gpu_hours": None})
        assert await spending.used_up(lab.db, only_dollars, time.time() + HOUR / 2) == "dollars"


async def test_what_is_queued_is_reserved_at_the_prices_of_now(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path, priced=False) as lab:
        await builders.experiment(lab, gpu="H100", held=HOUR, usd=0.0)
        await hiring.asked(lab)
        async with lab.db.transaction() as tx:
            await spending.reprice(tx)
        assert (await spending.committed(lab.db, time.time())).usd == pytest.approx(hiring.PRICE)
