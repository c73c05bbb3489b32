"""Machines that are hired: what the dispatcher holds, what it gives up, and what it writes down of that."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from labhand.server.dispatcher import cluster_scaling as dispatching
from labhand.server.dispatcher.loop import LOOK_SECONDS
from labhand.server.lab.fleet import scale
from labhand.server.lab.lab import Lab
from labhand.server.lab.monitor.alerts import scan
from labhand.server.schemas.fleet import ScaleRequest
from labhand.server.store.money import clusters, spending
from labhand.server.store.money.clusters import HeldClusterRow

from ..backends.hired import Provider
from ..lab import builders, hiring
from . import support

pytestmark = pytest.mark.anyio
HOUR = 3600.0
ALLOWED = "[allowance]\nusd = 40\n"


async def queue_up(lab: Lab, count: int = 1, gpu: str = "H100") -> list[int]:
    return [await builders.experiment(lab, gpu=gpu, clock="wall") for _ in range(count)]


async def held(lab: Lab) -> list[HeldClusterRow]:
    return await clusters.held_clusters(lab.db, time.time(), ended=False)


async def test_a_dispatcher_lives_until_its_clusters_are_gone_and_paid(tmp_path: Path) -> None:
    provider = Provider()
    async with hiring.lab(tmp_path) as lab, hiring.dispatcher(lab, provider) as loop:
        await queue_up(lab, 3)
        await loop.tick()
        await loop.tick()
        assert await support.statuses(lab) == ["succeeded"] * 3
        assert await loop.look_again()
        [one] = await held(lab)
        assert (one.cluster.pool, one.cluster.gpus, one.cluster.usd_per_cluster_hour) == ("h100", 8, 16.0)
        provider.end("h100-1")
        assert not await loop.look_again()
        assert not await loop.has_work()
        assert await held(lab) == []
        [bill] = (await spending.bills(lab.db, time.time())).values()
        assert bill.idle.gpu_seconds == pytest.approx(bill.gpu_seconds - 3 * 10.0)


async def test_what_became_of_a_cluster_while_no_dispatcher_lived_is_made_up_for(tmp_path: Path) -> None:
    provider = Provider(instantly=False)
    async with hiring.lab(tmp_path) as lab:
        known, unknown = provider.launch("h100", 8, ago=HOUR), provider.launch("h100", 8, ago=HOUR)
        async with hiring.dispatcher(lab, provider) as loop:
            await loop.tick()
        provider.end(known.name, ago=HOUR / 2)
        provider.forget(unknown.name)
        before = time.time()
        async with hiring.dispatcher(lab, provider) as loop:
            await loop.tick()
        ended = {one.cluster.name: one.cluster.ended_at for one in await clusters.held_clusters(lab.db, time.time())}
    assert ended[known.name] == pytest.approx(before - HOUR / 2, abs=5)
    assert before <= (ended[unknown.name] or 0.0) <= time.time()


async def test_a_backend_that_cannot_be_asked_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    provider = Provider()
    async with hiring.lab(tmp_path) as lab, hiring.dispatcher(lab, provider) as loop:
        provider.launch("h100", 8)
        await loop.tick()
        provider.away = "the API server is down"
        assert await loop.look_again()
        assert [one.cluster.status for one in await held(lab)] == ["up"]
        assert "the API server is down" in (await lab.pools())[0].note


async def test_a_wish_is_handed_to_the_backend_once_and_to_each_new_dispatcher(tmp_path: Path) -> None:
    provider = Provider()
    async with hiring.lab(tmp_path) as lab:
        async with hiring.dispatcher(lab, provider) as loop:
            await loop.tick()
            await loop.tick()
            assert provider.told == [None, None]
            await scale.scale(lab, ScaleRequest(pool="h100", clusters=2), "me")
            assert await loop.has_work()
            await loop.tick()
            await loop.tick()
            assert provider.told == [None, None, 2]
        async with hiring.dispatcher(lab, provider) as loop:
            await loop.tick()
            assert provider.told[3:] == [2, None]
            assert [one.cluster.status for one in await held(lab)] == ["up", "up"]
            await scale.scale(lab, ScaleRequest(pool="h100"), "me")
            await loop.tick()
            assert provider.told[5:] == [None]
            assert len(provider.up("h100")) == 2


async def test_nothing_starts_on_a_pool_that_is_to_hold_nothing(tmp_path: Path) -> None:
    provider = Provider()
    async with hiring.lab(tmp_path) as lab, hiring.dispatcher(lab, provider) as loop:
        await scale.scale(lab, ScaleRequest(pool="h100", clusters=0), "me")
        await queue_up(lab, 2)
        [h200] = await queue_up(lab, gpu="H200")
        await loop.tick()
        await loop.tick()
        assert await support.statuses(lab) == ["queued", "queued", "succeeded"]
        assert provider.up("h100") == []
        provider.end("h200-1")
        assert not await loop.look_again()
        [waiting] = [one for one in await scan(lab) if one.key == "given up:h100"]
        assert "2 experiments are queued for H100" in waiting.line
        await scale.scale(lab, ScaleRequest(pool="h100"), "me")
        await loop.tick()
        await loop.tick()
        assert await support.statuses(lab) == ["succeeded"] * 3
        assert (await support.experiment(lab, h200)).gpu == "H200"


async def test_dollars_used_up_by_idle_clusters_end_them_and_the_queue_waits(tmp_path: Path) -> None:
    provider = Provider()
    async with hiring.lab(tmp_path, more=ALLOWED) as lab, hiring.dispatcher(lab, provider) as loop:
        await scale.scale(lab, ScaleRequest(pool="h100", clusters=2), "me")
        await loop.tick()
        assert len(provider.up("h100")) == 2
        for name in list(provider.clusters):  # an hour and a half passes
            provider.clusters[name] = hiring.cluster(name, ago=1.5 * HOUR)
        await queue_up(lab, 2)
        await loop.look_again()
        assert provider.up("h100") == []
        assert not await loop.look_again()
        assert await support.statuses(lab) == ["queued"] * 2
        [told] = [one.line for one in await scan(lab) if one.key == "used up"]
        assert told == "the dollars that the person allowed are used up: 2 queued experiments won't start"
        assert (await spending.spent(lab.db, time.time())).usd == pytest.approx(48, abs=0.5)


async def test_what_runs_when_the_dollars_are_used_up_is_finished_first(tmp_path: Path) -> None:
    provider = Provider(instantly=False)
    async with hiring.lab(tmp_path, more=ALLOWED) as lab, hiring.dispatcher(lab, provider) as loop:
        await queue_up(lab, 1)
        await loop.tick()
        provider.clusters["h100-1"] = hiring.cluster(ago=3 * HOUR)
        await queue_up(lab, 1)
        assert await loop.look_again()
        assert await support.statuses(lab) == ["running", "queued"]
        assert len(provider.up("h100")) == 1
        provider.finish("e0001-1")
        await loop.tick()
        await loop.tick()
        assert provider.up("h100") == []
        assert await support.statuses(lab) == ["succeeded", "queued"]


async def test_clusters_that_were_wished_for_and_have_nothing_to_do_are_held_for_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = Provider()
    async with hiring.lab(tmp_path) as lab, hiring.dispatcher(lab, provider) as loop:
        await scale.scale(lab, ScaleRequest(pool="h100", clusters=1), "me")
        await loop.tick()
        assert await clusters.desired(lab.db)
        monkeypatch.setattr(dispatching, "WISH_SECONDS", 0.0)
        await loop.tick()
        await loop.tick()
        assert not await clusters.desired(lab.db)
        assert provider.told[-1] is None


async def test_what_runs_on_a_cluster_that_is_given_up_waits_for_another(tmp_path: Path) -> None:
    provider = Provider(instantly=False)
    async with hiring.lab(tmp_path) as lab, hiring.dispatcher(lab, provider) as loop:
        await queue_up(lab, 2)
        await loop.tick()
        assert await scale.give_up(lab, "ada") == ["h100", "h200"]
        for _ in range(3):
            await loop.look_again()
        assert await support.statuses(lab) == ["queued"] * 2
        assert await held(lab) == []
        assert not await loop.has_work()
        assert await scale.let_up(lab) == ["h100", "h200"]
        await loop.tick()
        assert [run.status for run in await support.runs(lab)] == ["lost", "starting", "lost", "starting"]


async def test_a_quiet_lab_asks_no_more_often_than_it_has_to(tmp_path: Path) -> None:
    assert LOOK_SECONDS >= 10
    provider = Provider()
    async with hiring.lab(tmp_path) as lab, hiring.dispatcher(lab, provider) as loop:
        assert not await loop.tick()
        provider.launch("h100", 8)
        assert not await loop.tick()
        assert await loop.look_again()


async def test_a_dispatcher_lives_until_it_knows_what_pools_cost_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = Provider(priced=False)
    async with hiring.lab(tmp_path, priced=False) as lab:
        async with hiring.dispatcher(lab, provider) as loop:
            assert await loop.tick()
            assert not any(pool.is_priced for pool in await lab.pools())
            provider.priced = True
            assert not await loop.look_again()
            assert all(pool.is_priced for pool in await lab.pools())
        provider.priced = False
        async with hiring.dispatcher(lab, provider) as loop:
            assert await loop.tick()
            monkeypatch.setattr(dispatching, "PRICE_SECONDS", 0.0)
            assert not await loop.tick()


async def test_a_wish_never_goes_beyond_what_the_person_allows_by_now(tmp_path: Path) -> None:
    provider = Provider()
    async with hiring.lab(tmp_path) as lab:
        await scale.scale(lab, ScaleRequest(pool="h100", clusters=2), "me")
        settings = lab.root / "labhand.toml"
        settings.write_text(settings.read_text("utf-8").replace("max_clusters = 2", "max_clusters = 1"), "utf-8")
        async with hiring.dispatcher(lab, provider) as loop:
            await loop.tick()
        assert len(provider.up("h100")) == 1
