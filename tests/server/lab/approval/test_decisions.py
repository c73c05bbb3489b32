"""A person decides about a plan once, and about what the person has seen."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from labhand.server.errors import AllowanceError, BadInputError, ConflictError, LabhandError, NotFoundError
from labhand.server.lab.approval import decisions, plans, proposing
from labhand.server.lab.lab import Lab

from ..builders import Woken
from . import planning

pytestmark = pytest.mark.anyio


async def test_of_two_people_who_decide_at_once_the_first_counts_and_the_second_is_told(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        plan = await planning.proposed(lab)
        other = await Lab.open(tmp_path, wake=Woken())
        told: list[str] = []

        async def approve(where: Lab, name: str) -> None:
            try:
                await decisions.approve(where, plan.plan, plan.digest, name, "dashboard")
            except ConflictError as error:
                told.append(str(error))

        async def reject(where: Lab, name: str) -> None:
            try:
                await decisions.reject(where, plan.plan, plan.digest, name, "dashboard")
            except ConflictError as error:
                told.append(str(error))

        async with anyio.create_task_group() as people:
            people.start_soon(approve, lab, "eve")
            people.start_soon(reject, other, "adam")
            people.start_soon(approve, other, "ann")
        now = await proposing.current(lab, plan.plan)
        await other.close()
    assert now.state in {"approved", "rejected"}
    assert len(told) == 2
    for text in told:
        assert f"p001 is decided already: {now.state} by {now.decided_by} on the dashboard" in text
        assert "The first decision counts" in text


async def test_a_plan_that_changed_since_it_was_shown_is_not_approved(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        seen = await planning.proposed(lab, 1.0)
        changed = await planning.proposed(lab, 100.0, revises="p001")
        assert (changed.plan, changed.gpu_hours) == (seen.plan, 100.0)
        assert changed.digest != seen.digest
        for decide in (decisions.approve, decisions.reject):
            with pytest.raises(ConflictError, match=f"p001 has changed since it was shown: its digest is {changed.digest}"):
                await decide(lab, "p001", seen.digest, "eve", "dashboard")
        assert (await proposing.current(lab, "p001")).state == "open"


async def test_a_decided_plan_cannot_be_replaced(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        plan = await planning.approved(lab)
        with pytest.raises(ConflictError, match="p001 is decided: approved by eve on the command line"):
            await planning.proposed(lab, 100.0, revises=plan.plan)
        assert (await proposing.current(lab, "p001")).gpu_hours == 1.0


@pytest.mark.parametrize(
    ("id", "digest", "kind", "says"),
    [
        ("p007", "abc", NotFoundError, "There is no plan p007"),
        ("e0001", "abc", BadInputError, "'e0001' is no id of a plan"),
        ("p001", "", BadInputError, "No digest says which content of p001 is meant"),
        ("P1", "abc", ConflictError, "not abc"),
    ],
)
async def test_what_names_no_plan_decides_nothing(
    tmp_path: Path, id: str, digest: str, kind: type[LabhandError], says: str
) -> None:
    async with planning.lab(tmp_path) as lab:
        await planning.proposed(lab)
        with pytest.raises(kind, match=says):
            await decisions.approve(lab, id, digest, "eve", "command")
        assert (await proposing.current(lab, "p001")).state == "open"


async def test_a_budget_above_the_allowance_is_neither_proposed_nor_approved(tmp_path: Path) -> None:
    async with planning.lab(tmp_path, more="[allowance]\ngpu_hours = 4") as lab:
        with pytest.raises(AllowanceError, match="This would take 5 GPU-hours, and of the 4 allowed 0 are spent or reserved"):
            await planning.proposed(lab, 5.0)
        plan = await planning.proposed(lab, 3.0)
        planning.write(tmp_path, "above_gpu_hours = 0", "[allowance]\ngpu_hours = 2")
        with pytest.raises(AllowanceError, match="This would take 3 GPU-hours, and of the 2 allowed"):
            await decisions.approve(lab, plan.plan, plan.digest, "eve", "command")
        assert [each.state for each in await plans.summaries(lab)] == ["open"]


async def test_the_worst_case_is_the_price_of_the_dearest_pool(tmp_path: Path) -> None:
    async with planning.lab(tmp_path, more='[pools.dear]\nbackend = "local"\nslots = 1\nusd_per_hour = 10.0') as lab:
        assert (await planning.proposed(lab, 2.0)).usd == 20.0
        with pytest.raises(BadInputError, match="this lab has no such GPU"):
            await planning.proposed(lab, 2.0, gpu="H999")


async def test_the_same_plan_again_is_the_same_plan_until_it_is_rejected_or_used(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        first = await planning.proposed(lab)
        assert (await planning.proposed(lab)).plan == first.plan
        await decisions.reject(lab, first.plan, first.digest, "eve", "command", "Too\ndear")
        with pytest.raises(ConflictError, match="The person has rejected this plan: rejected by eve on the command line"):
            await planning.proposed(lab)
        assert (await proposing.current(lab, "p001")).reason == "Too dear"


async def test_too_many_open_plans_are_refused(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        for place in range(proposing.MAX_OPEN):
            await planning.proposed(lab, success=f"Result {place}")
        with pytest.raises(BadInputError, match="20 plans wait for a person's decision"):
            await planning.proposed(lab, success="One more")
        assert (await planning.proposed(lab, success="Instead", revises="p003")).plan == "p003"


async def test_a_decision_and_a_proposal_start_the_dispatcher(tmp_path: Path) -> None:
    woken = Woken()
    async with planning.lab(tmp_path, woken=woken) as lab:
        before = woken.times
        await planning.proposed(lab)
        assert woken.times == before + 1, "it sends the notification"
        await planning.approved(lab)
        assert woken.times == before + 3
