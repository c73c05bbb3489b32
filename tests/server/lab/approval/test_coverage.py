"""Launches count against approved plans, and what no plan covers is refused with what would do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from labhand.server.errors import AllowanceError
from labhand.server.lab.approval import proposing
from labhand.server.lab.approval.coverage import UnapprovedError
from labhand.server.lab.launch.validate import validate
from labhand.server.lab.monitor.briefing import get_briefing
from labhand.server.lab.monitor.waiting import wait
from labhand.server.schemas.monitor import WaitQuery
from labhand.server.schemas.validation import ValidationRequest
from labhand.server.store.experiments.rows import find_experiment, newest_number

from .. import builders
from ..writing import launch
from . import planning

pytestmark = pytest.mark.anyio
LARGE = 1000


async def test_without_the_table_nothing_changes(tmp_path: Path) -> None:
    async with planning.lab(tmp_path, approval="") as lab:
        launched = (await launch(lab, overrides={"X": 2.0})).model_dump()
        assert not {"plan", "approval"} & set(launched)
        assert "plans" not in (await get_briefing(lab)).model_dump()
        experiment = await find_experiment(lab.db, 1)
        assert experiment is not None
        assert experiment.plan is None


async def test_up_to_the_limit_nothing_needs_a_plan_and_then_everything_does_however_small(tmp_path: Path) -> None:
    async with planning.lab(tmp_path, "above_usd = 0.2") as lab:
        price = (await launch(lab, overrides={"X": 2.0}, dry_run=True)).estimate.usd or 0.0
        assert price > 0
        launches, refused = 0, ""
        while not refused and launches < LARGE:
            try:
                assert (await launch(lab, overrides={"X": 2.0 + launches / 100})).plan == ""
                launches += 1
            except UnapprovedError as error:
                refused = str(error)
        assert launches > 1, "a launch cut in pieces is not let through"
        now = time.time()
        free = await planning.used(lab, 0, now)
        assert free.committed.usd <= 0.2
        assert "Without one this lab may use $0.20, of which" in refused
        plan = await planning.approved(lab, 0.5)
        assert (await launch(lab, overrides={"X": 9.0})).plan == plan.plan
        use = await planning.used(lab, 1, now)
        assert (use.experiments, use.queued) == (1, 1)
        assert await planning.used(lab, 0, now) == free


async def test_what_goes_beyond_a_plan_needs_another_one(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        hours = (await launch(lab, overrides={"X": 2.0}, replicates=2, dry_run=True)).estimate.gpu_seconds / 3600
        plan = await planning.approved(lab, hours * 1.01)
        await launch(lab, overrides={"X": 2.0}, replicates=2)
        before = await newest_number(lab.db)
        with pytest.raises(UnapprovedError) as refused:
            await launch(lab, overrides={"X": 2.1}, replicates=2)
        assert f"p001 (digest {plan.digest}) covers" in str(refused.value)
        assert "Propose a plan" in str(refused.value)
        assert await newest_number(lab.db) == before
        assert (await launch(lab, overrides={"X": 2.0}, replicates=2)).duplicates, (
            "what exists costs nothing, and needs no plan"
        )
        [line] = (await get_briefing(lab)).plans
        assert line.startswith("p001 is approved: ")


async def test_a_validation_is_part_of_a_plan_with_all_of_its_stages(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        stratum = await builders.stratum(lab)
        commit = await builders.source(lab, {"train.py": "X = 2.0\n"})
        await builders.experiment(lab, score=1.0, stratum=stratum, verdict="promising", gain=1.0, commit=commit)
        request = ValidationRequest(ids=["e0001"], replicates=2)
        with pytest.raises(UnapprovedError):
            await validate(lab, request, "agent")
        priced = await validate(lab, request.model_copy(update={"dry_run": True}), "agent")
        assert "no approved plan covers it" in priced.approval
        await planning.approved(lab, priced.estimate.gpu_seconds / 3600)
        launched = await validate(lab, request, "agent")
        assert launched.plan == "p001"
        use = await planning.used(lab, 1, time.time())
        assert use.experiments == 4, "two pairs; the pairs for the gain are launched later"
        assert use.committed.gpu_seconds == pytest.approx(priced.estimate.gpu_seconds, rel=0.01)


async def test_a_plan_for_one_kind_of_gpu_covers_no_other(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        [pool] = await lab.pools()
        await planning.approved(lab, 1.0, gpu=pool.gpu)
        assert (await launch(lab, overrides={"X": 2.0})).plan == "p001"
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE plans SET content = replace(content, ?, ?)", (f'"{pool.gpu}"', '"H100"'))
        with pytest.raises(UnapprovedError, match=f"is for H100, not for {pool.gpu}"):
            await launch(lab, overrides={"X": 2.1})


async def test_nothing_is_launched_under_an_approval_that_has_expired(tmp_path: Path) -> None:
    async with planning.lab(tmp_path, "above_gpu_hours = 0\nexpires_hours = 2") as lab:
        plan = await planning.approved(lab, 1.0)
        assert plan.expires_at is not None
        assert plan.expires_at - time.time() == pytest.approx(7200, abs=60)
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE plans SET expires_at = ?", (time.time() - 1,))
        with pytest.raises(UnapprovedError, match="The approval of p001 has expired"):
            await launch(lab, overrides={"X": 2.0})
        assert (await proposing.current(lab, "p001")).state == "expired"
        assert (await planning.proposed(lab, 1.0)).plan == "p002", "the same plan needs a new approval"


async def test_an_open_plan_that_would_cover_a_launch_is_named_with_the_ways_to_approve_it(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        plan = await planning.proposed(lab, 1.0)
        with pytest.raises(UnapprovedError) as refused:
            await launch(lab, overrides={"X": 2.0})
        for words in (f"a person approves p001 (digest {plan.digest})", "`labhand approve p001`", "on the dashboard"):
            assert words in str(refused.value)
        assert any("p001 waits for a person" in line for line in (await get_briefing(lab)).attention)


async def test_settings_that_cannot_be_read_lift_no_limit(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        (tmp_path / "labhand.toml").write_text("[approval\nabove_usd = ", "utf-8")
        with pytest.raises(UnapprovedError):
            await launch(lab, overrides={"X": 2.0})
        (tmp_path / "labhand.toml").write_text("", "utf-8")
        with pytest.raises(UnapprovedError):
            await launch(lab, overrides={"X": 2.0})


async def test_a_wait_ends_when_the_person_decides(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        await planning.proposed(lab, 1.0)
        waited = await wait(lab, WaitQuery(timeout_seconds=0.3), "agent")
        assert waited.timed_out, "with an open plan there is something to wait for"
        await planning.approved(lab, 1.0)
        waited = await wait(lab, WaitQuery(timeout_seconds=60, after=waited.cursor), "agent")
        assert waited.attention[0] == "p001 is approved. Launch what it says"


async def test_an_allowance_holds_beside_an_approval(tmp_path: Path) -> None:
    async with planning.lab(tmp_path, more="[allowance]\nexperiments = 2") as lab:
        await planning.approved(lab, 1.0)
        with pytest.raises(AllowanceError, match="of the 2 allowed"):
            await launch(lab, overrides={"X": 2.0}, replicates=3)
