"""Holds back what no approved plan covers, as far as the person's settings ask for approval."""

from __future__ import annotations

import logging
import time
from math import inf

from ..approval_settings import Approval
from ..store.database import Reader
from ..store.money import plan_budgets
from ..store.money.plan_budgets import UNPLANNED, PlanBudgets

log = logging.getLogger(__name__)


class ApprovalGate:
    """Knows what may be spent under each approved plan, and without one.

    Args:
        approval: The person's settings.

    Attributes:
        budgets: As they were read last; empty where nothing needs approval.
    """

    def __init__(self, approval: Approval) -> None:
        self._approval = approval
        self._expires_at = inf
        self._closed: frozenset[int] = frozenset()
        self.budgets: PlanBudgets = {}

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing may start, whatever it costs."""
        return plan_budgets.is_exhausted(self.budgets)

    def has_lapsed(self) -> bool:
        """Whether an approval has expired since the last reading."""
        return time.time() >= self._expires_at

    async def read(self, reader: Reader) -> PlanBudgets:
        """Read what may be spent now."""
        now = time.time()
        self.budgets = await plan_budgets.budgets(reader, self._approval, now)
        in_force = [budget.plan.decision for budget in self.budgets.values() if budget.plan and budget.is_in_force]
        self._expires_at = min((each.expires_at for each in in_force if each and each.expires_at is not None), default=inf)
        closed = frozenset(plan_budgets.over(self.budgets))
        for number in sorted(closed - self._closed):
            name = "What needs no approval" if number == UNPLANNED else f"Plan {number}"
            log.warning("%s is used up or has expired: nothing more of it starts", name)
        self._closed = closed
        return self.budgets
