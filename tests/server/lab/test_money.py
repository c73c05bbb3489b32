"""What is said of money wherever it is said: clusters cost while idle, and nothing is counted twice."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from labhand.server.commands.report import as_html, as_markdown
from labhand.server.lab.analysis.analyze import analyze
from labhand.server.lab.fleet.gpus import PRICE_UNKNOWN, list_gpus
from labhand.server.lab.lab import Lab
from labhand.server.lab.monitor.briefing import get_briefing
from labhand.server.lab.report.gather import gather
from labhand.server.lab.status_line import lab_line
from labhand.server.store.money import clusters
from labhand.server.store.money.clusters import DesiredClusters

from . import builders, hiring

pytestmark = pytest.mark.anyio
HOUR = 3600.0
ALLOWED = "[allowance]\nusd = 100\ngpu_hours = 50\n"
RESULT = {"seconds": {"startup": 50.0, "training": 900.0, "evaluation": 50.0, "held": 1000.0}, "measures": {}}


async def a_day(lab: Lab) -> None:
    """A cluster of eight was up for an hour, and held four runs of 1,000 s each for it; another one is up."""
    gone = hiring.cluster(ago=2 * HOUR)
    await hiring.told(lab, replace(gone, status="gone", ended_at=gone.launched_at + HOUR), hiring.cluster("h100-2", ago=60.0))
    stratum = await builders.stratum(lab, device="H100")
    for _ in range(4):
        await builders.experiment(
            lab, score=1.9, gpu="H100", stratum=stratum, held=1000.0, usd=1000 / HOUR * hiring.PRICE, result=RESULT
        )
    async with lab.db.transaction() as tx:
        await tx.insert("INSERT INTO spent VALUES ('h100', 1, 4, 4000, ?, 3600)", (4000 / HOUR * hiring.PRICE,))


async def test_the_allowance_counts_what_clusters_cost_idle_or_not(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path, more=ALLOWED) as lab:
        await a_day(lab)
        told = await get_briefing(lab)
        line = await lab_line(lab)
    assert told.allowance.usd == pytest.approx(16 + 0.27, abs=0.02)
    assert told.allowance.gpu_hours == pytest.approx(8 + 0.133, abs=0.01)
    assert told.allowance.idle_gpu_hours == pytest.approx(8.133 - 4000 / HOUR, abs=0.02)
    assert told.allowance.idle_usd == pytest.approx(16.27 - 4000 / HOUR * hiring.PRICE, abs=0.1)
    assert told.efficiency is not None
    assert told.efficiency.useful_share == pytest.approx(3600 / (8.133 * HOUR), abs=0.002)
    assert line.allowance_left == "41.87 of 50 GPU-hours, 83.73 of 100 dollars"


async def test_efficiency_counts_idle_clusters_where_all_of_the_lab_is_asked_for(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await a_day(lab)
        whole = await analyze(lab, "efficiency")
        part = await analyze(lab, "efficiency", ["e0001-e0004"])
    assert whole.efficiency is not None
    assert part.efficiency is not None
    assert whole.efficiency.gpu_hours == pytest.approx(8.13, abs=0.01)
    assert whole.efficiency.usd == pytest.approx(16.3, abs=0.05)
    assert whole.efficiency.scheduling == pytest.approx(3600 / (8.133 * HOUR - 400), abs=0.002)
    assert part.efficiency.gpu_hours == pytest.approx(4000 / HOUR, abs=0.01)
    assert part.efficiency.idle_usd is None
    assert any("Idle time of clusters is not included" in line for line in part.tells)


async def test_the_report_says_what_each_pool_cost(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await a_day(lab)
        found = await gather(lab)
    assert found.usd == pytest.approx(16.27, abs=0.02)
    [bill] = found.bills
    assert (bill.pool, bill.clusters) == ("h100", 2)
    assert bill.idle_usd == pytest.approx(14.0, abs=0.1)
    for page in (as_html(found), as_markdown(found)):
        assert "GPU time and cost of clusters" in page
        assert "idle GPU-hours" in page


async def test_the_list_of_gpus_says_what_is_up_what_it_costs_and_what_is_lost_with_it(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await hiring.asked(lab)
        await a_day(lab)
        async with lab.db.transaction() as tx:
            await clusters.save_desired(tx, "h200", DesiredClusters(1, "me", time.time(), by_person=False))
        [h100, h200] = (await list_gpus(lab)).pools
    assert (h100.total, h100.free, h100.clusters_up, h100.clusters_most) == (16, 16, 1, 2)
    assert (h100.usd_per_slot_hour, h100.volatile, h100.clusters_wished) == (hiring.PRICE, True, None)
    assert h100.idle_usd == pytest.approx(14.0, abs=0.1)
    assert (h200.total, h200.clusters_up, h200.clusters_most, h200.clusters_wished) == (3, 0, 1, 1)
    assert h200.volatile is None  # its storage outlives its clusters
    assert h200.idle_usd is None


async def test_a_pool_that_nobody_has_asked_yet_says_so(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path, priced=False) as lab:
        pools = (await list_gpus(lab)).pools
        assert {pool.note for pool in pools} == {PRICE_UNKNOWN}
        assert {pool.as_of_seconds_ago for pool in pools} == {None}
        await hiring.asked(lab)
    async with hiring.lab(tmp_path, priced=False) as lab:  # what a dispatcher heard stays known
        assert {(pool.note, pool.usd_per_slot_hour) for pool in (await list_gpus(lab)).pools} == {("", hiring.PRICE)}


async def test_a_lab_on_its_own_slots_says_nothing_of_clusters(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9)
        [pool] = (await list_gpus(lab)).pools
        assert "clusters" not in pool.model_dump_json()
        assert "idle" not in (await get_briefing(lab)).model_dump_json(include={"allowance", "efficiency"})
        assert (await gather(lab)).bills == []
