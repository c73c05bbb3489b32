"""Plans of spending: what an agent proposes, and what a person sees and decides."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .messages import Answer, LabLine, Request

MAX_WORDS = 600
"""Characters of a question, a design, or of what would count as success."""
Words = Annotated[str, Field(min_length=1, max_length=MAX_WORDS)]


class PlannedDesign(Request):
    """Launches that a plan consists of."""

    launch: Words = Field(description="What runs, as in launch_grid")
    gpu_hours: float = Field(
        gt=0, le=1e7, allow_inf_nan=False, description="As a dry_run says, with replicates and validations"
    )
    gpu: str | None = Field(default=None, description="The default is any, at the highest price")


class PlanRequest(Request):
    """A plan of spending for a person to approve."""

    tool: ClassVar[str] = "propose"

    questions: list[Words] = Field(min_length=1, max_length=10, description="What it answers")
    designs: list[PlannedDesign] = Field(min_length=1, max_length=20, description="What would be launched")
    success: Words = Field(description="What result would count")
    revises: str | None = Field(default=None, description="The undecided plan that it replaces: p003")


class PricedDesign(Answer):
    """A design with its cost in the worst case."""

    launch: str
    gpu: str | None = None
    gpu_hours: float
    usd: float = 0.0


class PlanDeed(Answer):
    """What was made of a plan.

    Attributes:
        experiments: Number of its experiments.
        queued: Of them, those that haven't started.
        gpu_hours: Spent, and reserved for what is pending.
        usd: Spent, and reserved for what is pending.
    """

    experiments: int = 0
    queued: int = 0
    gpu_hours: float = 0.0
    usd: float = 0.0


class PlanSummary(Answer):
    """A plan, what was decided about it, and what was made of it.

    Attributes:
        digest: Of the plan's content. A decision is about this content.
        usd: Of all designs, in the worst case: at the price of the dearest pool that they may run on.
        decided_in: Where the person decided: `command`, `dashboard` or `client`.
        expires_at: The Unix time at which the approval ends.
        deed: Of a plan that was approved.
    """

    plan: str
    state: Literal["open", "approved", "rejected", "expired"]
    digest: str
    questions: list[str]
    designs: list[PricedDesign]
    success: str
    gpu_hours: float
    usd: float
    proposed_by: str
    proposed_at: float
    decided_by: str | None = None
    decided_at: float | None = None
    decided_in: str | None = None
    reason: str = ""
    expires_at: float | None = None
    deed: PlanDeed | None = None


class Proposed(Answer):
    """The answer of `propose`.

    Attributes:
        state: `open` until a person decides.
        usd: In the worst case.
        next: How the plan is approved, or what to do now.
    """

    plan: str
    state: str
    digest: str
    gpu_hours: float
    usd: float
    reason: str = ""
    next: str = ""
    lab: LabLine | None = None
