"""What of approved plans, and of what needs no approval, is spent and reserved, and whether more fits.

An experiment is part of one approved plan, or of none. What costs without being part of a plan, such as idle clusters, counts
against what needs no approval. Where that is used up, what is added since a plan's approval counts against the plan too, so
that the lab as a whole never starts more than was approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...approval_settings import Approval
from .. import plan_rows
from ..database import Reader, Row
from ..plan_rows import StoredPlan
from . import spending

UNPLANNED = 0
"""Stands for the number of a plan, where something is part of none."""
_ROUNDING = (0.1, 0.0001)
"""What rounding may add: answers give GPU-seconds to a tenth, and dollars to four digits."""


@dataclass(frozen=True, slots=True)
class Amount:
    """GPU-seconds and US dollars."""

    gpu_seconds: float = 0.0
    usd: float = 0.0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.gpu_seconds + other.gpu_seconds, self.usd + other.usd)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.gpu_seconds - other.gpu_seconds, self.usd - other.usd)


@dataclass(frozen=True, slots=True)
class PlanUse:
    """What was made of a plan.

    Attributes:
        committed: Spent, and reserved for what is pending.
        waiting: Of it, what is reserved for experiments that haven't started.
        experiments: Number of experiments.
        queued: Of them, how many wait to start.
    """

    committed: Amount = Amount()
    waiting: Amount = Amount()
    experiments: int = 0
    queued: int = 0

    @property
    def started(self) -> Amount:
        """What is spent, and reserved for what runs."""
        return self.committed - self.waiting


@dataclass(frozen=True, slots=True)
class PlanBudget:
    """What may be spent under one plan, or without any.

    Attributes:
        plan: None for what needs no plan.
        gpu_seconds: The limit; None for no limit.
        usd: The limit; None for no limit.
        overrun: What was spent outside of plans, beyond what needs none, since the plan was approved.
        is_in_force: Whether anything may start under it now.
    """

    plan: StoredPlan | None
    gpu_seconds: float | None
    usd: float | None
    use: PlanUse
    overrun: Amount = Amount()
    is_in_force: bool = True

    def covers_launch(self, cost: Amount) -> bool:
        """Whether so much more may be launched."""
        return self.is_in_force and self._is_within(self.use.committed + self.overrun + cost)

    def covers_start(self, cost: Amount) -> bool:
        """Whether an experiment that was launched may start, at this cost."""
        return self.is_in_force and self._is_within(self.use.started + self.overrun + cost)

    def with_started(self, cost: Amount) -> PlanBudget:
        """Return the budget after a start."""
        return replace(self, use=replace(self.use, waiting=self.use.waiting - cost))

    def _is_within(self, amount: Amount) -> bool:
        pairs = zip((self.gpu_seconds, self.usd), (amount.gpu_seconds, amount.usd), _ROUNDING, strict=True)
        return all(limit is None or used <= limit + rounding for limit, used, rounding in pairs)


PlanBudgets = Mapping[int, PlanBudget]
"""By the number of the plan; `UNPLANNED` for what needs none. Empty where nothing needs approval."""


async def budgets(reader: Reader, approval: Approval, now: float) -> PlanBudgets:
    """Return what may be spent, by plan, at `now`, a Unix time. Plans that nobody approved are not among them."""
    if not approval.is_wanted:
        return {}
    used = await uses(reader, now)
    free = PlanBudget(
        None,
        None if approval.above_gpu_hours is None else approval.above_gpu_hours * 3600,
        approval.above_usd,
        used.get(UNPLANNED, PlanUse()),
    )
    of_plans = {
        plan.number: PlanBudget(
            plan,
            plan.gpu_seconds,
            plan.usd,
            used.get(plan.number, PlanUse()),
            _overrun(free, plan),
            plan.in_force(now),
        )
        for plan in await plan_rows.plans(reader, ["approved"])
    }
    return {UNPLANNED: free, **of_plans}


def _overrun(free: PlanBudget, plan: StoredPlan) -> Amount:
    """Return by how much what is outside of plans has grown since a plan's approval, beyond what needs no approval."""
    used = free.use.started
    return Amount(
        _growth(used.gpu_seconds, free.gpu_seconds, plan.unplanned_gpu_seconds),
        _growth(used.usd, free.usd, plan.unplanned_usd),
    )


def _growth(used: float, limit: float | None, before: float) -> float:
    return 0.0 if limit is None else max(0.0, used - max(limit, before))


async def uses(reader: Reader, now: float) -> dict[int, PlanUse]:
    """Return what was made of each plan, and of what is part of none, by `now`, a Unix time."""
    rows = await reader.rows(
        "SELECT plan, TOTAL(gpu_seconds) AS gpu_seconds, TOTAL(usd) AS usd, COUNT(*) AS experiments,"
        " TOTAL(iif(status = 'queued', gpu_seconds, 0)) AS waiting_seconds,"
        " TOTAL(iif(status = 'queued', usd, 0)) AS waiting_usd,"
        " TOTAL(status = 'queued') AS queued"
        " FROM experiments INDEXED BY experiments_plan WHERE plan IS NOT NULL GROUP BY plan"
    )
    of_plans = {row["plan"]: _use(row) for row in rows}
    for row in await reader.rows(
        # What validations launch when their candidates are confirmed.
        "SELECT plan, TOTAL(2 * pairs * stages.gpu_seconds) AS gpu_seconds, TOTAL(2 * pairs * stages.usd) AS usd"
        " FROM validations INDEXED BY validations_open JOIN stages ON validation = number AND place > stage"
        " WHERE finished_seq IS NULL AND plan IS NOT NULL GROUP BY plan"
    ):
        later = Amount(row["gpu_seconds"], row["usd"])
        use = of_plans.get(row["plan"], PlanUse())
        of_plans[row["plan"]] = replace(use, committed=use.committed + later, waiting=use.waiting + later)
    return {UNPLANNED: await _unplanned(reader, now, of_plans), **of_plans}


async def _unplanned(reader: Reader, now: float, of_plans: Mapping[int, PlanUse]) -> PlanUse:
    committed = await spending.committed(reader, now)
    [row] = await reader.rows(
        "SELECT COUNT(*) AS queued, TOTAL(gpu_seconds) AS gpu_seconds, TOTAL(usd) AS usd"
        " FROM experiments WHERE status = 'queued' AND plan IS NULL"
    )
    [later] = await reader.rows(
        "SELECT TOTAL(2 * pairs * stages.gpu_seconds) AS gpu_seconds, TOTAL(2 * pairs * stages.usd) AS usd"
        " FROM validations INDEXED BY validations_open JOIN stages ON validation = number AND place > stage"
        " WHERE finished_seq IS NULL AND plan IS NULL"
    )
    return PlanUse(
        committed=Amount(committed.gpu_seconds, committed.usd) - sum((use.committed for use in of_plans.values()), Amount()),
        waiting=Amount(row["gpu_seconds"] + later["gpu_seconds"], row["usd"] + later["usd"]),
        experiments=committed.experiments - sum(use.experiments for use in of_plans.values()),
        queued=row["queued"],
    )


def _use(row: Row) -> PlanUse:
    return PlanUse(
        committed=Amount(row["gpu_seconds"], row["usd"]),
        waiting=Amount(row["waiting_seconds"], row["waiting_usd"]),
        experiments=row["experiments"],
        queued=int(row["queued"]),
    )


class StartBudget:
    """Says which experiments may start, while a batch of starts is made up.

    Args:
        budgets: What may be spent, by plan.
    """

    def __init__(self, budgets: PlanBudgets) -> None:
        self._budgets = dict(budgets)

    def take(self, plan: int | None, cost: Amount) -> bool:
        """Whether an experiment of a plan may start. If so, its cost counts for the next ones."""
        if not self._budgets:
            return True
        number = UNPLANNED if plan is None else plan
        budget = self._budgets.get(number)
        if budget is None or not budget.covers_start(cost):
            return False
        self._budgets[number] = budget.with_started(cost)
        return True


def is_exhausted(limits: PlanBudgets) -> bool:
    """Whether nothing may start any more, whatever it costs: no plan is in force and has anything left."""
    return bool(limits) and not any(budget.covers_start(Amount()) for budget in limits.values())


def over(limits: PlanBudgets) -> list[int]:
    """Return the plans of which nothing more starts, whatever it costs: they are used up or have expired."""
    return [number for number, budget in limits.items() if not budget.covers_start(Amount())]
