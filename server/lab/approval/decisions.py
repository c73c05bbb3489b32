"""What a person decides about a plan. The first decision counts, and it is about what the person has seen."""

from __future__ import annotations

import time

from ...errors import BadInputError, ConflictError
from ...ids import plan_id
from ...store import plan_rows
from ...store.database import Transaction
from ...store.money import plan_budgets, spending
from ...store.money.plan_budgets import UNPLANNED
from ...store.money.spending import Committed
from ...store.plan_rows import Decision, Place, StoredPlan
from .. import allowance
from ..lab import Lab
from ..sanitize import cut
from .plans import decision_in_words, find_plan

MAX_REASON = 500
"""Characters of a reason."""
_LOOK = "Look at it again: `labhand proposals` shows it as it is now"


async def approve(lab: Lab, id: str, digest: str, by: str, place: Place) -> StoredPlan:
    """Approve a plan, and start the dispatcher. Returns the plan.

    Args:
        lab: The lab.
        id: The plan's.
        digest: Of the plan as the person has seen it.
        by: The person's name.
        place: Where the person decides.

    Raises:
        AllowanceError: The plan costs more than the allowance has left.
        BadInputError: The id or the digest can't be used.
        ConflictError: The plan has changed since it was shown, or it is decided.
        NotFoundError: There is no such plan.
    """
    settings, limits, now = lab.approval(), lab.allowance(), time.time()
    expires_at = None if settings.expires_hours is None else now + settings.expires_hours * 3600
    async with lab.db.transaction() as tx:
        plan = await _undecided(tx, id, digest)
        allowance.check(limits, await spending.committed(tx, now), Committed(0, plan.gpu_seconds, plan.usd))
        started = (await plan_budgets.uses(tx, now))[UNPLANNED].started
        decision = Decision("approved", by, now, place, expires_at=expires_at)
        await plan_rows.decide(tx, plan, decision, (started.gpu_seconds, started.usd))
        decided = await find_plan(tx, id)
    lab.wake_dispatcher()
    return decided


async def reject(lab: Lab, id: str, digest: str, by: str, place: Place, reason: str = "") -> StoredPlan:
    """Reject a plan. Returns it. The arguments are those of `approve`, with a reason that the agent sees.

    Raises:
        BadInputError: The id or the digest can't be used.
        ConflictError: The plan has changed since it was shown, or it is decided.
        NotFoundError: There is no such plan.
    """
    async with lab.db.transaction() as tx:
        plan = await _undecided(tx, id, digest)
        await plan_rows.decide(tx, plan, Decision("rejected", by, time.time(), place, cut(reason, MAX_REASON)))
        return await find_plan(tx, id)


async def _undecided(tx: Transaction, id: str, digest: str) -> StoredPlan:
    plan = await find_plan(tx, id)
    name, seen = plan_id(plan.number), digest.strip().lower()
    if not seen:
        raise BadInputError(f"No digest says which content of {name} is meant", _LOOK)
    if plan.decision is not None:
        raise ConflictError(f"{name} is decided already: {decision_in_words(plan)}", "The first decision counts")
    if seen != plan.digest:
        raise ConflictError(f"{name} has changed since it was shown: its digest is {plan.digest}, not {seen:.40}", _LOOK)
    return plan
