"""Which approved plan covers a launch. What none covers is refused, with how to have it approved."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ...approval_settings import Approval
from ...errors import AllowanceError
from ...ids import plan_id
from ...schemas.approval import PlannedDesign, PlanRequest
from ...store import plan_rows
from ...store.database import Reader
from ...store.money import plan_budgets
from ...store.money.plan_budgets import UNPLANNED, Amount, PlanBudget, PlanBudgets
from ...store.money.spending import Committed
from ...store.plan_rows import StoredPlan
from .plans import decision_in_words, how_to_approve


class UnapprovedError(AllowanceError):
    """A launch costs more than was approved."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What covers a launch.

    Attributes:
        plan: The number of the approved plan that it is part of; None where it needs none.
        refusal: Why it needs a plan that there isn't, as a problem and a remedy; None where it is covered.
    """

    plan: int | None = None
    refusal: tuple[str, str] | None = None

    @property
    def note(self) -> str:
        """What a dry run says of it; empty where the launch is covered."""
        return f"{self.refusal[0]}. {self.refusal[1]}" if self.refusal else ""

    def require(self) -> int | None:
        """Return the plan.

        Raises:
            UnapprovedError: Nothing covers the launch.
        """
        if self.refusal is not None:
            raise UnapprovedError(*self.refusal)
        return self.plan


COVERED = Coverage()
"""Of what needs no approval."""


async def find_coverage(
    reader: Reader, settings: Approval, wanted: Committed, kinds: Collection[str], made_of: str = ""
) -> Coverage:
    """Return what covers a launch: the oldest approved plan with room for it, or what needs no approval.

    Args:
        reader: The database.
        settings: What the person wants to approve.
        wanted: What the launch would add.
        kinds: The kinds of GPU on which it runs.
        made_of: What it consists of, where the caller can't see it from the request.
    """
    now, cost = time.time(), Amount(wanted.gpu_seconds, wanted.usd)
    if not wanted.gpu_seconds and not wanted.usd:
        return COVERED
    budgets = await plan_budgets.budgets(reader, settings, now)
    if not budgets:
        return COVERED
    for number in sorted(budgets, key=lambda each: (each == UNPLANNED, each)):
        if _suits(budgets[number], kinds) and budgets[number].covers_launch(cost):
            return Coverage(number or None)
    waiting = await plan_rows.plans(reader, ["open"])
    return Coverage(refusal=_refusal(settings, budgets, waiting, cost, kinds, made_of))


def _suits(budget: PlanBudget, kinds: Collection[str]) -> bool:
    """Whether a budget is for these kinds of GPU."""
    return budget.plan is None or not budget.plan.kinds or budget.plan.kinds.issuperset(kinds)


def _refusal(
    settings: Approval,
    budgets: PlanBudgets,
    waiting: Sequence[StoredPlan],
    cost: Amount,
    kinds: Collection[str],
    made_of: str,
) -> tuple[str, str]:
    free = budgets[UNPLANNED]
    problem = (
        f"This would take {_in_words(cost)}{made_of and f' ({made_of})'}, and no approved plan covers it. Without one this lab"
        f" may use {_limits(free)}, of which {_in_words(free.use.committed)} are spent or reserved"
    )
    approved = [budget for number, budget in budgets.items() if number != UNPLANNED]
    if approved:
        problem += f". {_why_not(approved[-1], kinds)}"
    covering = [plan for plan in waiting if _would_cover(plan, cost, kinds)]
    if covering:
        how = how_to_approve(plan_id(covering[0].number), covering[0].digest, by_client=settings.by_client)
        return problem, f"Launch again after {how}"
    example = PlanRequest(
        questions=["…"],
        designs=[PlannedDesign(launch="…", gpu_hours=max(0.001, round(cost.gpu_seconds / 3600 + 0.0005, 3)))],
        success="…",
    )
    return problem, f"Propose a plan of all that you want to launch, for a person to approve: {example.as_call()}"


def _why_not(budget: PlanBudget, kinds: Collection[str]) -> str:
    """Return why the newest approved plan doesn't cover a launch."""
    plan = budget.plan
    if plan is None:
        return ""
    name = plan_id(plan.number)
    if not budget.is_in_force:
        return f"The approval of {name} has expired ({decision_in_words(plan)})"
    if not _suits(budget, kinds):
        return f"{name} (digest {plan.digest}) is for {', '.join(sorted(plan.kinds))}, not for {', '.join(sorted(kinds))}"
    used = budget.use.committed + budget.overrun
    return f"{name} (digest {plan.digest}) covers {_limits(budget)}, of which {_in_words(used)} are spent or reserved"


def _would_cover(plan: StoredPlan, cost: Amount, kinds: Collection[str]) -> bool:
    budget = PlanBudget(plan, plan.gpu_seconds, plan.usd, plan_budgets.PlanUse())
    return _suits(budget, kinds) and budget.covers_launch(cost)


def _limits(budget: PlanBudget) -> str:
    parts = [
        f"{budget.gpu_seconds / 3600:.4g} GPU-hours" if budget.gpu_seconds is not None else "",
        f"${budget.usd:,.2f}" if budget.usd is not None else "",
    ]
    return " and ".join(filter(None, parts))


def _in_words(amount: Amount) -> str:
    return f"{amount.gpu_seconds / 3600:.4g} GPU-hours and ${max(0.0, amount.usd):,.2f}"
