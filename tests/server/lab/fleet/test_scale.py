"""How many clusters a pool may be asked to hold, and what that is said to cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from labhand.server.errors import AllowanceError, BadInputError, ConflictError
from labhand.server.lab.fleet import scale
from labhand.server.lab.lab import Lab
from labhand.server.lab.monitor.alerts import scan
from labhand.server.schemas.fleet import ScaleRequest
from labhand.server.store.money import clusters

from .. import builders, hiring, writing

pytestmark = pytest.mark.anyio


async def wish(lab: Lab, pool: str = "h100") -> int | None:
    found = (await clusters.desired(lab.db)).get(pool)
    return None if found is None else found.clusters


async def at_work(lab: Lab, count: int) -> None:
    """Let experiments run on h100."""
    for _ in range(count):
        run = await builders.run(lab, await builders.experiment(lab, status="running", gpu="H100"))
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE runs SET pool = 'h100' WHERE id = ?", (run,))


async def test_a_wish_is_priced_written_down_and_wakes_a_dispatcher(tmp_path: Path) -> None:
    woken = builders.Woken()
    async with hiring.lab(tmp_path, more="[allowance]\nusd = 100\n", woken=woken) as lab:
        times = woken.times
        told = await scale.scale(lab, ScaleRequest(pool="h100", clusters=2), "me")
        assert (told.clusters, told.clusters_up, told.clusters_most, told.gpus_per_cluster) == (2, 0, 2, 8)
        assert told.usd_per_hour_of_all == 32
        assert told.lasts_hours == pytest.approx(100 / 32, abs=0.01)
        assert "clusters=null" in told.next
        assert await wish(lab) == 2
        assert woken.times == times + 1
        back = await scale.scale(lab, ScaleRequest(pool="h100"), "me")
        assert back.usd_per_cluster_hour == 16
        assert await wish(lab) is None


async def test_a_dry_run_prices_and_changes_nothing(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        before = await writing.everything(lab)
        told = await scale.scale(lab, ScaleRequest(pool="h100", clusters=1, dry_run=True), "me")
        assert (told.dry_run, told.usd_per_hour_of_all, told.next) == (True, 16, "")
        assert await writing.everything(lab) == before


async def test_more_than_the_person_allowed_is_refused_with_the_figures(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path, more="[allowance]\ngpu_hours = 2\n") as lab:
        with pytest.raises(BadInputError, match=r"clusters=3 is more .* Give 2 at most"):
            await scale.scale(lab, ScaleRequest(pool="h100", clusters=3), "me")
        # Ten minutes of sixteen GPUs are what it comes to at the least.
        with pytest.raises(AllowanceError, match=r"2\.667 GPU-hours, and of the 2 allowed 0 are spent"):
            await scale.scale(lab, ScaleRequest(pool="h100", clusters=2), "me")
        await scale.scale(lab, ScaleRequest(pool="h100", clusters=1), "me")
        await hiring.told(lab, hiring.cluster(ago=6 * 60))
        with pytest.raises(AllowanceError):
            await scale.scale(lab, ScaleRequest(pool="h100", clusters=2), "me")
        await scale.scale(lab, ScaleRequest(pool="h100", clusters=1), "me")
        await scale.scale(lab, ScaleRequest(pool="h100", clusters=0), "me")


async def test_pools_that_hire_no_machines_and_names_that_are_none_are_refused(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        with pytest.raises(
            BadInputError,
            match=r"local launches no clusters: its 2 slots are always there. scale_pool can't be used in this lab",
        ):
            await scale.scale(lab, ScaleRequest(pool="local", clusters=1), "me")
    (tmp_path / "hired").mkdir()
    async with hiring.lab(tmp_path / "hired") as lab:
        with pytest.raises(BadInputError, match=r"no pool 'h10'.*h100"):
            await scale.scale(lab, ScaleRequest(pool="h10", clusters=1), "me")
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        ScaleRequest(pool="h100", clusters=-1)


async def test_no_tool_gives_up_what_is_at_work(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await hiring.told(lab, hiring.cluster("h100-1"), hiring.cluster("h100-2"))
        await at_work(lab, 9)
        for count in (0, 1):
            with pytest.raises(ConflictError, match=r"9 experiments run on h100.*e0001-e0009 would lose their GPU"):
                await scale.scale(lab, ScaleRequest(pool="h100", clusters=count), "me")
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE runs SET status = 'finished' WHERE experiment = 9")
        await scale.scale(lab, ScaleRequest(pool="h100", clusters=1), "me")
        assert await wish(lab) == 1


async def test_what_the_person_gave_up_no_tool_takes_back(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await scale.give_up(lab, "ada")
        await builders.experiment(lab, gpu="H100")
        for count in (None, 0, 1):
            with pytest.raises(ConflictError, match=r"The person stopped all clusters.*labhand up"):
                await scale.scale(lab, ScaleRequest(pool="h100", clusters=count), "me")
        assert await wish(lab) == 0
        [told] = [one.line for one in await scan(lab) if one.key == "given up:h100"]
        assert "set to 0 clusters by the person (ada)" in told
        assert await scale.let_up(lab) == ["h100", "h200"]
        assert await scale.let_up(lab) == []
        assert await wish(lab) is None


async def test_clusters_that_cannot_be_used_or_that_nobody_looks_after_are_told(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        broken = hiring.cluster("h100-1")
        await hiring.told(lab, replace(broken, status="failed", note="its set-up failed"))
        await hiring.told(lab, hiring.cluster("a100-1", pool="a100"), pool="a100")
        lines = [one.line for one in await scan(lab) if one.key.startswith("cluster:")]
    assert any("h100-1 of h100 can't be used: its set-up failed" in line for line in lines)
    assert any("a100-1 may still be up" in line and "sky down" in line for line in lines)


async def test_idle_clusters_are_told_with_what_they_cost(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await hiring.told(lab, hiring.cluster())
        await at_work(lab, 3)
        [idle] = [one for one in await scan(lab) if one.key == "idle clusters"]
        assert idle.line == "5 of 8 GPUs of clusters are idle for $10.00 an hour and nothing is queued"
        assert not idle.wakes
        await builders.experiment(lab, gpu="H100")
        assert not [one for one in await scan(lab) if one.key == "idle clusters"]


async def test_a_lab_whose_clusters_may_be_up_wakes_a_dispatcher(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await hiring.asked(lab)
    for times in (0, 1):
        woken = builders.Woken()
        async with hiring.lab(tmp_path, woken=woken) as lab:
            assert woken.times == times
            await hiring.told(lab, hiring.cluster())


async def test_a_run_that_waits_for_a_cluster_is_not_stuck(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        for status in ("starting", "running"):
            number = await builders.experiment(lab, status=status, gpu="H100")
            run = await builders.run(lab, number, status=status, silent=600.0)
            async with lab.db.transaction() as tx:
                await tx.execute("UPDATE runs SET pool = 'h100' WHERE id = ?", (run,))
        with builders.dispatcher(lab):
            assert [one.key for one in await scan(lab) if one.key.startswith("stuck:")] == ["stuck:e0002-1"]
