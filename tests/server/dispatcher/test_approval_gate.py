"""The dispatcher starts nothing beyond what was approved, and nothing after an approval has expired."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from labhand.server.approval_settings import Approval
from labhand.server.domain import Status
from labhand.server.lab.approval import decisions, proposing
from labhand.server.lab.lab import Lab
from labhand.server.lab.monitor.alerts import scan
from labhand.server.schemas.approval import PlannedDesign, PlanRequest
from labhand.server.store.money import plan_budgets
from labhand.server.store.running import queue

from ..backends.hired import Provider
from ..lab import builders, hiring
from ..lab.approval import planning
from . import support

pytestmark = pytest.mark.anyio
HOUR = 3600.0


async def approved(lab: Lab, gpu_hours: float) -> int:
    """Approve a plan; gives its number."""
    request = PlanRequest(
        questions=["q"], designs=[PlannedDesign(launch="d", gpu_hours=gpu_hours)], success=f"s {time.monotonic_ns()}"
    )
    plan = await proposing.propose(lab, request, "agent")
    return (await decisions.approve(lab, plan.plan, plan.digest, "eve", "command")).number


async def take(lab: Lab, most: int = 10) -> int:
    """Start what may start, as a dispatcher does."""
    async with lab.db.transaction() as tx:
        budgets = await plan_budgets.budgets(tx, lab.approval(), time.time())
        return await queue.take(tx, "local", "cpu", most, time.time(), budgets=budgets)


async def startable(lab: Lab) -> bool:
    return await queue.startable(lab.db, ["cpu"], await plan_budgets.budgets(lab.db, lab.approval(), time.time()))


async def test_no_run_is_started_beyond_the_approved_gpu_hours(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        plan = await approved(lab, 1.0)
        for _ in range(5):
            await builders.experiment(lab, held=HOUR / 2.5, plan=plan)
        assert await startable(lab)
        assert await take(lab) == 2, "the third would take it to 1.2 GPU-hours"
        assert not await startable(lab), "a dispatcher has nothing to do, rather than to look again and again"
        assert await take(lab) == 0
        first = await builders.experiment(lab, held=60.0)
        assert await take(lab) == 0, "what is part of no plan needs one"
        other = await approved(lab, 1.0)
        await builders.experiment(lab, held=60.0, plan=other)
        assert await take(lab) == 1, "a plan that is used up holds back no other"
        assert (await support.experiment(lab, first)).status is Status.QUEUED


async def test_no_run_is_started_beyond_the_approved_dollars_at_the_price_of_now(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        plan = await approved(lab, 2.0)
        for _ in range(2):
            await builders.experiment(lab, held=HOUR, usd=planning.PRICE, plan=plan)
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE experiments SET usd = 2 * usd")  # as `reprice` does
        assert await take(lab) == 1
        assert not await startable(lab)


async def test_nothing_starts_after_the_approval_has_expired_although_it_was_launched_before(tmp_path: Path) -> None:
    async with planning.lab(tmp_path, "above_gpu_hours = 0\nexpires_hours = 1") as lab:
        plan = await approved(lab, 1.0)
        for _ in range(2):
            await builders.experiment(lab, held=60.0, plan=plan)
        assert await take(lab, most=1) == 1
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE plans SET expires_at = ?", (time.time(),))
        assert await take(lab) == 0
        assert not await startable(lab)
        [alert] = [each for each in await scan(lab) if each.key == "unapproved"]
        assert alert.line.startswith("1 queued experiments don't start")


async def test_without_the_table_nothing_is_held_back_whatever_plan_it_is_part_of(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        plan = await approved(lab, 0.001)
        for _ in range(3):
            await builders.experiment(lab, held=HOUR, plan=plan)
        planning.write(tmp_path, "")
        assert lab.approval() == Approval()
        assert await take(lab) == 3


async def test_what_was_queued_before_the_table_was_set_waits_for_a_plan(tmp_path: Path) -> None:
    async with planning.lab(tmp_path, approval="") as lab:
        await builders.experiment(lab, held=HOUR)
        assert await startable(lab)
        planning.write(tmp_path, "above_gpu_hours = 0.5")
        assert not await startable(lab)
        planning.write(tmp_path, "above_gpu_hours = 1")
        assert await take(lab) == 1


async def test_what_was_spent_before_the_table_was_set_does_not_count_against_a_plan(tmp_path: Path) -> None:
    async with planning.lab(tmp_path, approval="") as lab:
        await builders.experiment(lab, held=100 * HOUR, status="running")
        planning.write(tmp_path, "above_gpu_hours = 1")
        plan = await approved(lab, 1.0)
        await builders.experiment(lab, held=HOUR, plan=plan)
        assert await take(lab) == 1


async def test_clusters_are_given_up_when_nothing_that_waits_is_approved(tmp_path: Path) -> None:
    provider = Provider()
    async with hiring.lab(tmp_path, more="[approval]\nabove_usd = 10") as lab, hiring.dispatcher(lab, provider) as loop:
        plan = await approved(lab, 1.0)
        await builders.experiment(lab, gpu="H100", clock="wall", held=60.0, usd=0.03, plan=plan)
        await loop.tick()
        await loop.tick()
        assert await support.statuses(lab) == ["succeeded"]
        await builders.experiment(lab, gpu="H100", clock="wall", held=50 * HOUR, usd=100.0, plan=plan)
        await loop.look_again()
        await loop.look_again()
        assert await support.statuses(lab) == ["succeeded", "queued"]
        assert not provider.up("h100"), "an idle cluster costs money that nobody approved"
        assert not await loop.look_again()


async def test_idle_clusters_count_against_the_plan_once_nothing_else_is_left(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path, more="[approval]\nabove_usd = 10") as lab:
        plan = await approved(lab, 10.0)
        now = time.time()
        before = (await plan_budgets.budgets(lab.db, lab.approval(), now))[plan]
        await hiring.told(lab, hiring.cluster(ago=HOUR))  # $16 an hour
        after = (await plan_budgets.budgets(lab.db, lab.approval(), time.time()))[plan]
    assert before.overrun.usd == 0.0
    assert after.overrun.usd == pytest.approx(6.0, abs=0.1)
    assert after.covers_launch(plan_budgets.Amount(0.0, 13.9))
    assert not after.covers_launch(plan_budgets.Amount(0.0, 14.5))


@pytest.mark.slow
async def test_a_dispatcher_starts_what_is_approved_ends_and_goes_on_after_the_next_approval(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        first = await support.queue_up(lab, 2, held=60.0, plan=await approved(lab, 0.1))
        without_plan = await support.queue_up(lab, 2, held=60.0, duration=0.03)
        with support.dispatcher(lab) as process:
            assert await support.ended(process) == 0
        assert await support.statuses(lab) == ["succeeded", "succeeded", "queued", "queued"]
        second = await approved(lab, 0.1)
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE experiments SET plan = ? WHERE number = ?", (second, without_plan[0]))
        with support.dispatcher(lab) as process:
            assert await support.ended(process) == 0
        assert await support.statuses(lab) == ["succeeded", "succeeded", "succeeded", "queued"]
        assert first == [1, 2]
