"""Plans of spending: how they are found and shown."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from ...errors import BadInputError, NotFoundError
from ...ids import plan_id
from ...schemas.approval import MAX_WORDS, PlanDeed, PlanSummary, PricedDesign
from ...store import plan_rows
from ...store.database import Reader
from ...store.money import plan_budgets
from ...store.money.plan_budgets import PlanUse
from ...store.plan_rows import Place, StoredPlan
from ..lab import Lab
from ..sanitize import cut

MAX_SHOWN = 300
"""Characters of a name or a reason."""
_ID = re.compile(r"p?0*(\d{1,9})", re.IGNORECASE)
_PLACES: Mapping[Place, str] = {
    "command": "on the command line",
    "dashboard": "on the dashboard",
    "client": "in the agent's client",
}


async def find_plan(reader: Reader, id: str) -> StoredPlan:
    """Return a plan by its id as a caller writes it: `p003`, `P3` or `3`.

    Raises:
        BadInputError: The text is no id of a plan.
        NotFoundError: There is no such plan.
    """
    match = _ID.fullmatch(id.strip())
    if match is None:
        raise BadInputError(f"{id!r:.40} is no id of a plan", "Write it as it is shown: p003")
    plan = await plan_rows.plan(reader, int(match[1]))
    if plan is None:
        raise NotFoundError(f"There is no plan {plan_id(int(match[1]))}", "`labhand proposals` lists them")
    return plan


async def summaries(lab: Lab, *, only_open: bool = False) -> list[PlanSummary]:
    """Return the plans, the oldest first, each with what was made of it."""
    now = time.time()
    found = await plan_rows.plans(lab.db, ["open"] if only_open else ["open", "approved", "rejected"])
    if not found:
        return []
    used = await plan_budgets.uses(lab.db, now)
    return [summarize(plan, used.get(plan.number, PlanUse()), now) for plan in found]


def summarize(plan: StoredPlan, use: PlanUse, now: float) -> PlanSummary:
    """Return a plan for a person."""
    decision = plan.decision
    has_expired = plan.state == "approved" and not plan.in_force(now)
    deed = PlanDeed(
        experiments=use.experiments,
        queued=use.queued,
        gpu_hours=round(use.committed.gpu_seconds / 3600, 4),
        usd=round(use.committed.usd, 2),
    )
    return PlanSummary(
        plan=plan_id(plan.number),
        state="expired" if has_expired else plan.state,
        digest=plan.digest,
        questions=list(plan.content["questions"]),
        designs=[PricedDesign.model_validate(design) for design in plan.content["designs"]],
        success=plan.content["success"],
        gpu_hours=round(plan.gpu_seconds / 3600, 4),
        usd=round(plan.usd, 2),
        proposed_by=plan.proposed_by,
        proposed_at=plan.proposed_at,
        decided_by=decision.by if decision else None,
        decided_at=decision.at if decision else None,
        decided_in=decision.place if decision else None,
        reason=decision.reason if decision else "",
        expires_at=decision.expires_at if decision else None,
        deed=deed if plan.state == "approved" else None,
    )


def as_text(plan: PlanSummary) -> str:
    """Return all of a plan in a few lines, for a person who is asked about it: nothing that the digest covers is cut."""
    lines = [f"{plan.plan}, proposed by {cut(plan.proposed_by, MAX_SHOWN)}: {cost_in_words(plan)}"]
    lines += [f"Question: {cut(question, MAX_WORDS)}" for question in plan.questions]
    for design in plan.designs:
        kind = f" on {cut(design.gpu, MAX_SHOWN)}" if design.gpu else ""
        lines.append(f"{design.gpu_hours:g} GPU-hours{kind}, ${design.usd:,.2f}: {cut(design.launch, MAX_WORDS)}")
    return "\n".join([*lines, f"Success: {cut(plan.success, MAX_WORDS)}", f"Digest: {plan.digest}"])


def cost_in_words(plan: PlanSummary) -> str:
    """Return the most that a plan may cost: `12 GPU-hours and $40.00 at most`."""
    return f"{plan.gpu_hours:.4g} GPU-hours and ${plan.usd:,.2f} at most"


def decision_in_words(plan: StoredPlan) -> str:
    """Return what was decided about a plan, by whom, where and when."""
    decision = plan.decision
    if decision is None:
        return f"{plan_id(plan.number)} is open"
    when = datetime.fromtimestamp(decision.at, UTC)
    reason = f": {cut(decision.reason, MAX_SHOWN)}" if decision.reason else ""
    return f"{decision.state} by {cut(decision.by, 60)} {_PLACES[decision.place]} at {when:%Y-%m-%d %H:%M} UTC{reason}"


def how_to_approve(id: str, digest: str, *, by_client: bool) -> str:
    """Return the ways in which a person approves an open plan."""
    again = ". If your client can ask the person, calling propose again with the same plan asks there" if by_client else ""
    return f"a person approves {id} (digest {digest}) by `labhand approve {id}` or on the dashboard{again}"


def progress_in_words(plan: PlanSummary) -> str:
    """Return what an agent needs to know of a plan that is open or in force, in one line."""
    if plan.state == "open":
        return f"{plan.plan} waits for a person's decision ({cost_in_words(plan)})"
    deed = plan.deed or PlanDeed()
    ends = "" if plan.expires_at is None else f", until {datetime.fromtimestamp(plan.expires_at, UTC):%Y-%m-%d %H:%M} UTC"
    used = f"{deed.gpu_hours:.4g} of {plan.gpu_hours:.4g} GPU-hours and ${deed.usd:,.2f} of ${plan.usd:,.2f} are used"
    return f"{plan.plan} is approved{ends}: {used}"


async def open_and_in_force(lab: Lab) -> list[PlanSummary]:
    """Return the plans that wait for a decision or that launches count against; none where nothing needs approval."""
    if not lab.approval().is_wanted:
        return []
    return [plan for plan in await summaries(lab) if plan.state in {"open", "approved"}]
