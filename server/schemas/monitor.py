"""Monitoring: the briefing, and waiting for experiments."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from .messages import Answer, LabLine, Request
from .results import FailureClass, Row, ValidationRow


class WaitQuery(Request):
    """What to wait for, and how long."""

    tool: ClassVar[str] = "wait"

    ids: list[str] | None = Field(
        default=None, description="Experiments, ranges, grids, validations. The default is all that you launched"
    )
    until: Literal["all", "any"] = Field(default="all", description="Return when all have ended, or as soon as any has ended")
    after: str | None = Field(
        default=None, description="`cursor` of an earlier answer: return what is new since then. The default is the last answer"
    )
    timeout_seconds: float = Field(
        default=50, ge=0, le=3600, description="When this time is over, the call returns what there is; call again"
    )


class Pending(Answer):
    """Experiments that have not ended, by status, with ids as ranges."""

    counts: dict[str, int] = Field(default_factory=dict)
    ids: list[str] = Field(default_factory=list[str])


class Waited(Answer):
    """The answer of `wait`.

    Attributes:
        finished: The best of what finished since the cursor, or since the last answer to the same caller and ids.
        reported_before: Number of finished experiments that an earlier answer reported, in a call without a cursor.
    """

    finished: list[Row] = Field(default_factory=list[Row])
    finished_total: int = 0
    reported_before: int | None = None
    common: dict[str, JsonValue] = Field(default_factory=dict)
    validations: list[ValidationRow] = Field(default_factory=list[ValidationRow])
    failures: list[FailureClass] = Field(default_factory=list[FailureClass])
    pending: Pending | None = None
    attention: list[str] = Field(default_factory=list[str])
    cursor: str
    timed_out: bool
    next: str = ""
    lab: LabLine | None = None


class Theme(Answer):
    """The results of one line of research."""

    theme: str
    tried: int
    best_gain: float | None = None
    failed: int = 0


class Briefing(Answer):
    """The answer of `get_briefing`: the state of the research in one screen."""

    goal: str
    trainer: dict[str, JsonValue]
    stratum: dict[str, JsonValue] = Field(default_factory=dict)
    noise: str
    champion: dict[str, JsonValue]
    promising: list[Row] = Field(default_factory=list[Row])
    themes: list[Theme] = Field(default_factory=list[Theme])
    running: list[dict[str, JsonValue]] = Field(default_factory=list[dict[str, JsonValue]])
    queued: int = 0
    finished: dict[str, int] = Field(default_factory=dict)
    failures: list[FailureClass] = Field(default_factory=list[FailureClass])
    allowance: dict[str, JsonValue] = Field(default_factory=dict)
    efficiency: dict[str, JsonValue] = Field(default_factory=dict)
    not_yet_combined: list[str] = Field(default_factory=list[str])
    notes: list[str] = Field(default_factory=list[str])
    attention: list[str] = Field(default_factory=list[str])
    next: str = ""
