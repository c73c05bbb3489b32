"""How a plan is proposed: it is priced, checked against the allowance, and saved for a person to decide about."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from ...domain import Pool
from ...errors import AllowanceError, BadInputError, ConflictError, nearest
from ...ids import plan_id
from ...schemas.approval import PlannedDesign, PlanRequest, PlanSummary, Proposed
from ...schemas.monitor import WaitQuery
from ...store import plan_rows
from ...store.database import Reader, Transaction
from ...store.money import plan_budgets, spending
from ...store.money.plan_budgets import PlanUse
from ...store.money.spending import Committed
from ...store.plan_rows import StoredPlan
from .. import allowance
from ..lab import Lab
from ..sanitize import cut
from ..status_line import lab_line
from .plans import decision_in_words, find_plan, how_to_approve, summarize

MAX_OPEN = 20
"""Plans that may wait for a decision at once."""
_DIGITS = 12
"""Of a digest."""


async def propose(lab: Lab, request: PlanRequest, caller: str) -> PlanSummary:
    """Save a plan for a person to decide about, and return it. Proposing the same plan again returns the existing one.

    Raises:
        AllowanceError: The plan costs more than the allowance has left, or a price isn't known yet.
        BadInputError: The lab asks for no approval, there is no such kind of GPU, or too many plans are undecided.
        ConflictError: The plan that it replaces is decided, or the same plan was rejected.
        NotFoundError: There is no plan that it could replace.
    """
    if not lab.approval().is_wanted:
        raise BadInputError("This lab asks for no approval: its labhand.toml limits nothing under [approval]", "Launch at once")
    content, gpu_seconds, usd = await _priced(lab, request)
    limits, now = lab.allowance(), time.time()
    async with lab.db.transaction() as tx:
        allowance.check(limits, await spending.committed(tx, now), Committed(0, gpu_seconds, usd))
        new = StoredPlan(0, content, _digest(content), gpu_seconds, usd, caller, now)
        known = await _same(tx, new, now)
        number = known.number if known is not None else await _save(tx, new, request.revises)
    lab.wake_dispatcher()  # which sends the notification
    return await current(lab, plan_id(number))


async def _save(tx: Transaction, new: StoredPlan, revises: str | None) -> int:
    """Save a plan, in the place of an open one if it names one, and return its number."""
    if revises is not None:
        return await plan_rows.save_plan(tx, replace(new, number=(await _open_plan(tx, revises)).number))
    waiting = len(await plan_rows.plans(tx, ["open"]))
    if waiting >= MAX_OPEN:
        raise BadInputError(f"{waiting} plans wait for a person's decision", 'Replace one of them: revises="p003" names it')
    return await plan_rows.save_plan(tx, new)


async def _priced(lab: Lab, request: PlanRequest) -> tuple[dict[str, Any], float, float]:
    """Return a plan's content, with the cost of each design in the worst case; its GPU-seconds; and its US dollars."""
    pools = await lab.pools()
    designs = [
        {
            "launch": cut(design.launch, len(design.launch)),
            "gpu": design.gpu,
            "gpu_hours": design.gpu_hours,
            "usd": round(design.gpu_hours * _highest_price(lab, design, pools), 4),
        }
        for design in request.designs
    ]
    content = {
        "questions": [cut(question, len(question)) for question in request.questions],
        "designs": designs,
        "success": cut(request.success, len(request.success)),
    }
    gpu_hours = sum(design.gpu_hours for design in request.designs)
    return content, gpu_hours * 3600, sum(float(design["usd"] or 0.0) for design in designs)


def _highest_price(lab: Lab, design: PlannedDesign, pools: Sequence[Pool]) -> float:
    """Return US dollars for an hour of a GPU, at the dearest pool that a design may run on."""
    usable = [pool for pool in pools if design.gpu in {None, pool.gpu}]
    if not usable:
        kinds = {pool.gpu for pool in pools}
        raise BadInputError(f"gpu={design.gpu!r:.60}: this lab has no such GPU", nearest(design.gpu or "", kinds, "kinds"))
    if unpriced := [pool for pool in usable if not pool.is_priced]:
        lab.wake_dispatcher()
        raise AllowanceError(
            f"The price of {unpriced[0].gpu} isn't known yet: the dispatcher is asking for it",
            "Call again in a moment. list_gpus shows the price, or why it is unknown. The person can set usd_per_hour",
        )
    return max(pool.usd_per_slot_hour for pool in usable)


def _digest(content: Mapping[str, Any]) -> str:
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:_DIGITS]


async def _same(reader: Reader, new: StoredPlan, now: float) -> StoredPlan | None:
    """Return the plan with the same content, if it is open, or approved with something left of it.

    Raises:
        ConflictError: A person has rejected it.
    """
    known = await plan_rows.plans_with_digest(reader, new.digest)
    if not known:
        return None
    newest = known[0]
    if newest.state == "rejected":
        raise ConflictError(f"The person has rejected this plan: {decision_in_words(newest)}", "Propose another one")
    if newest.state == "open":
        return newest
    used = (await plan_budgets.uses(reader, now)).get(newest.number, PlanUse())
    return newest if newest.in_force(now) and used.experiments == 0 else None


async def _open_plan(reader: Reader, id: str) -> StoredPlan:
    plan = await find_plan(reader, id)
    if plan.state != "open":
        raise ConflictError(f"{plan_id(plan.number)} is decided: {decision_in_words(plan)}", "Leave revises out")
    return plan


async def current(lab: Lab, id: str) -> PlanSummary:
    """Return a plan as it is now.

    Raises:
        NotFoundError: There is no such plan.
    """
    now = time.time()
    plan = await find_plan(lab.db, id)
    return summarize(plan, (await plan_budgets.uses(lab.db, now)).get(plan.number, PlanUse()), now)


async def answer(lab: Lab, plan: PlanSummary) -> Proposed:
    """Return the answer of `propose` about a plan as it is now."""
    if plan.state == "approved":
        then = "Launch: what you launch now counts against this plan"
    elif plan.state == "open":
        how = how_to_approve(plan.plan, plan.digest, by_client=lab.approval().by_client)
        then = f"Launch nothing beyond what is approved until {how}. {WaitQuery().as_call()} ends when the plan is decided"
    else:
        then = "Propose another plan, or go on with what needs no approval"
    return Proposed(
        plan=plan.plan,
        state=plan.state,
        digest=plan.digest,
        gpu_hours=plan.gpu_hours,
        usd=plan.usd,
        reason=plan.reason,
        next=then,
        lab=await lab_line(lab),
    )
