"""Plans of spending: what was proposed, and what a person decided about it.

A plan is decided once. The decision names the plan's digest, so that it is about what the person has seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from .database import Reader, Row, Transaction

PlanState = Literal["open", "approved", "rejected"]
Place = Literal["command", "dashboard", "client"]
"""Where a person decided: on the command line, on the dashboard, or in the client of the agent that proposed the plan."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about a plan.

    Attributes:
        by: The person's name.
        at: The Unix time.
        expires_at: The Unix time at which an approval ends; None if it doesn't.
        reason: In the person's words; may be empty.
    """

    state: PlanState
    by: str
    at: float
    place: Place
    reason: str = ""
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan.

    Attributes:
        content: What was proposed, as JSON.
        digest: Of the content.
        gpu_seconds: Of all designs.
        usd: Of all designs, in the worst case.
        decision: None while it is open.
        unplanned_gpu_seconds: What was spent and reserved outside of plans when it was approved.
        unplanned_usd: The same in US dollars.
    """

    number: int
    content: Mapping[str, Any]
    digest: str
    gpu_seconds: float
    usd: float
    proposed_by: str
    proposed_at: float
    decision: Decision | None = None
    unplanned_gpu_seconds: float = 0.0
    unplanned_usd: float = 0.0

    @property
    def state(self) -> PlanState:
        """`open` until a person decides."""
        return "open" if self.decision is None else self.decision.state

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of GPU that it is for; empty for any kind."""
        named = {design.get("gpu") for design in self.content.get("designs", ())}
        return frozenset() if None in named else frozenset(cast("set[str]", named))

    def in_force(self, now: float) -> bool:
        """Whether it is approved and its approval hasn't ended by `now`, a Unix time."""
        decision = self.decision
        if decision is None or decision.state != "approved":
            return False
        return decision.expires_at is None or now < decision.expires_at


async def save_plan(tx: Transaction, new: StoredPlan) -> int:
    """Save a plan that is open, and return its number. One with a number takes the place of that plan, if that is open."""
    values = (
        json.dumps(new.content, ensure_ascii=False),
        new.digest,
        new.gpu_seconds,
        new.usd,
        new.proposed_by,
        new.proposed_at,
    )
    if new.number:
        await tx.execute(
            "UPDATE plans SET (content, digest, gpu_seconds, usd, proposed_by, proposed_at) = (?, ?, ?, ?, ?, ?)"
            " WHERE number = ? AND state = 'open'",
            (*values, new.number),
        )
        return new.number
    return await tx.insert(
        "INSERT INTO plans (content, digest, gpu_seconds, usd, proposed_by, proposed_at) VALUES (?, ?, ?, ?, ?, ?)", values
    )


async def decide(tx: Transaction, plan: StoredPlan, decision: Decision, unplanned: tuple[float, float] = (0.0, 0.0)) -> bool:
    """Write a decision down. Returns False if the plan has been decided or has changed since it was read.

    Args:
        tx: The transaction.
        plan: The plan as the person saw it.
        decision: What was decided.
        unplanned: GPU-seconds and US dollars that are spent and reserved outside of plans.
    """
    changed = await tx.execute(
        "UPDATE plans SET state = ?, decided_by = ?, decided_at = ?, decided_in = ?, reason = ?, expires_at = ?,"
        " unplanned_gpu_seconds = ?, unplanned_usd = ? WHERE number = ? AND digest = ? AND state = 'open'",
        (
            decision.state,
            decision.by,
            decision.at,
            decision.place,
            decision.reason,
            decision.expires_at,
            *unplanned,
            plan.number,
            plan.digest,
        ),
    )
    return bool(changed)


async def plan(reader: Reader, number: int) -> StoredPlan | None:
    """Return one plan; None if there is none with this number."""
    row = await reader.row("SELECT * FROM plans WHERE number = ?", (number,))
    return _plan(row) if row else None


async def plans(reader: Reader, states: Sequence[PlanState] = ("open", "approved", "rejected")) -> list[StoredPlan]:
    """Return the plans in these states, the oldest first."""
    rows = await reader.rows(
        "SELECT * FROM plans WHERE state IN (SELECT value FROM json_each(?)) ORDER BY number", (json.dumps(list(states)),)
    )
    return [_plan(row) for row in rows]


async def plans_with_digest(reader: Reader, digest: str) -> list[StoredPlan]:
    """Return the plans with the same content, the newest first."""
    return [_plan(row) for row in await reader.rows("SELECT * FROM plans WHERE digest = ? ORDER BY number DESC", (digest,))]


def _plan(row: Row) -> StoredPlan:
    decision = None
    if row["state"] != "open":
        decision = Decision(
            row["state"], row["decided_by"], row["decided_at"], row["decided_in"], row["reason"], row["expires_at"]
        )
    return StoredPlan(
        number=row["number"],
        content=json.loads(row["content"]),
        digest=row["digest"],
        gpu_seconds=row["gpu_seconds"],
        usd=row["usd"],
        proposed_by=row["proposed_by"],
        proposed_at=row["proposed_at"],
        decision=decision,
        unplanned_gpu_seconds=row["unplanned_gpu_seconds"],
        unplanned_usd=row["unplanned_usd"],
    )
