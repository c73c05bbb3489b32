"""What `labhand watch` shows: what runs, what the slots do, what ended lately, and what it costs."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from .fleet import Gpus, HeldCluster
from .messages import Answer, LabLine
from .monitor import AllowanceSummary
from .results import Common, Row

SpanState = Literal["running", "scored", "no_score"]
"""What came of a run."""


class SlotSpan(Answer):
    """The time for which one run held a slot, as Unix times. Without an end, it still does."""

    run: str
    state: SpanState
    began: float
    ended: float | None = None


class SlotBar(Answer):
    """What one slot did during the window.

    Attributes:
        slot: Its place among the slots of its pool, from 1. labhand doesn't know which physical GPU it corresponds to.
        spans: The runs that held it, in turn.
        idle_share: The share of the window, or of the time since the first run of the lab, for which nothing held it.
        idle_seconds: For how many seconds nothing has held it; absent while a run holds it.
    """

    pool: str
    slot: int
    spans: list[SlotSpan] = Field(default_factory=list[SlotSpan])
    idle_share: float = 0.0
    idle_seconds: float | None = None


class ActiveRun(Answer):
    """A run that holds a slot.

    Attributes:
        seconds: Since it took its slot.
        budget_seconds: Of training; starting and evaluating come on top.
    """

    id: str
    run: str
    pool: str
    status: str
    seconds: float
    budget_seconds: float
    by: str
    changes: str


class LabSnapshot(Answer):
    """The lab at one moment.

    Attributes:
        at: The Unix time.
        window_seconds: The time before it that `slots` shows.
        slots: The slots of each pool, at most so many that they fit a screen.
        slots_left_out: The number of further slots.
        active: The oldest first, at most so many that they fit a screen.
        active_left_out: The number of further ones.
        recent: What ended last, the newest first.
        common: What these rows have in common.
        usd_per_hour: Of the clusters that are up, whether or not anything runs on them.
    """

    unless_set: ClassVar[frozenset[str]] = frozenset({"slots_left_out", "active_left_out"})

    at: float
    window_seconds: float
    goal: str
    metric: str
    direction: str
    lab: LabLine
    pools: list[Gpus]
    slots: list[SlotBar] = Field(default_factory=list[SlotBar])
    slots_left_out: int = 0
    active: list[ActiveRun] = Field(default_factory=list[ActiveRun])
    active_left_out: int = 0
    recent: list[Row] = Field(default_factory=list[Row])
    common: Common | None = None
    clusters: list[HeldCluster] = Field(default_factory=list[HeldCluster])
    usd_per_hour: float | None = None
    allowance: AllowanceSummary
    attention: list[str] = Field(default_factory=list[str])
