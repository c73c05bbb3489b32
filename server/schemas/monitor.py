"""Monitoring: the briefing, and waiting for experiments."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .messages import Answer, LabLine, Request
from .results import Common, FailureClass, Row, StratumSummary, ValidationRow


class WaitQuery(Request):
    """What to wait for, and how long."""

    tool: ClassVar[str] = "wait"

    ids: list[str] | None = Field(
        default=None, description="Experiments, ranges, grids, validations. The default is all of yours"
    )
    until: Literal["all", "any"] = Field(default="all", description="Return when all or any have ended")
    after: str | None = Field(default=None, description="`cursor` of an earlier answer. The default is the last one")
    timeout_seconds: Annotated[float, Field(ge=0)] | None = Field(
        default=None,
        description="The longest wait in seconds; the call then returns what has ended so far. The default and the maximum"
        " depend on the client",
    )


class Pending(Answer):
    """Experiments that have not ended, by status, with ids as ranges."""

    counts: dict[str, int] = Field(default_factory=dict)
    ids: list[str] = Field(default_factory=list[str])


class Waited(Answer):
    """The answer of `wait`.

    Attributes:
        finished: The best of what finished since the cursor, or since the last answer to the same caller and ids.
        finished_total: The number of all that finished since then.
        verdicts: The number of experiments for each verdict, if `finished` doesn't list all of them.
        validations: Those whose verdict, promotion or end is new. A validation with a `state` is still running; its gain comes
            later.
        reported_before: Number of finished experiments that an earlier answer reported, in a call without a cursor.
    """

    unless_set: ClassVar[frozenset[str]] = frozenset({"finished_total", "timed_out"})

    finished: list[Row] = Field(default_factory=list[Row])
    finished_total: int = 0
    verdicts: dict[str, int] = Field(default_factory=dict[str, int])
    common: Common | None = None
    reported_before: int | None = None
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


class TrainerSummary(Answer):
    """The trainer, and what its experiments are judged by.

    Attributes:
        direction: `minimize` or `maximize`.
        editable: The files that an experiment may change.
        self_reported: The experiments' own output is believed, rather than the evaluator.
    """

    name: str
    metric: str
    direction: str
    editable: list[str] = Field(default_factory=list[str])
    self_reported: bool | None = None


class ChampionSummary(Answer):
    """The best source that a validation has confirmed; the baseline if none has.

    Attributes:
        id: `e0057` or `baseline`.
        ancestry: The experiments that it was made from, the newest first, each with what it changed against the next.
        validation: The validation that made it the champion.
        gain: Its gain on the baseline, from pairs of runs that decided nothing.
        interval: The 95 % interval of that gain.
        against: What `gain` is against.
        score: The mean of its scores in the briefing's stratum.
        sd: The standard deviation of these scores between seeds.
        seeds: The number of these scores.
    """

    id: str
    ancestry: list[str] = Field(default_factory=list[str])
    validation: str | None = None
    gain: float | None = None
    interval: list[float] = Field(default_factory=list[float])
    against: str | None = None
    score: float | None = None
    sd: float | None = None
    seeds: int | None = None


class RunningExperiments(Answer):
    """The running experiments of one caller, as ranges of ids."""

    by: str
    ids: list[str] = Field(default_factory=list[str])


class AllowanceSummary(Answer):
    """What the lab has spent and reserved, and what is left of what the person allowed.

    Attributes:
        experiments: Number of experiments, unfinished ones included.
        gpu_hours: GPU time, with the estimates of unfinished experiments.
        usd: Dollars, likewise.
        idle_gpu_hours: The part of the GPU time that clusters held while no run used them.
        idle_usd: What that idle time cost.
        changed: The latest changes of the allowance by the person.
        left: What is left, or `unlimited`.
    """

    experiments: int
    gpu_hours: float
    usd: float | None = None
    idle_gpu_hours: float | None = None
    idle_usd: float | None = None
    changed: list[str] = Field(default_factory=list[str])
    left: str


class EfficiencySummary(Answer):
    """What the GPU time of ended runs was used for.

    Attributes:
        useful_share: The share that was training which led to a score.
        gpu_hours_settled: GPU-hours of runs that have ended, and of clusters that were idle.
        gpu_hours_per_improvement: GPU-hours for each new champion.
    """

    useful_share: float
    gpu_hours_settled: float
    gpu_hours_per_improvement: float | None = None


class Briefing(Answer):
    """The answer of `get_briefing`: the state of the research in one screen.

    Attributes:
        stratum: The stratum in which most was scored lately, with the reference that gains are against.
        promising: The best sources that beat the reference, without the champion itself and former champions.
        plans: Plans of spending that wait for a person's decision, or that launches count against.
    """

    goal: str
    trainer: TrainerSummary
    stratum: StratumSummary | None = None
    noise: str
    champion: ChampionSummary
    promising: list[Row] = Field(default_factory=list[Row])
    themes: list[Theme] = Field(default_factory=list[Theme])
    running: list[RunningExperiments] = Field(default_factory=list[RunningExperiments])
    queued: int = 0
    finished: dict[str, int] = Field(default_factory=dict)
    failures: list[FailureClass] = Field(default_factory=list[FailureClass])
    allowance: AllowanceSummary
    plans: list[str] = Field(default_factory=list[str])
    efficiency: EfficiencySummary | None = None
    not_yet_combined: list[str] = Field(default_factory=list[str])
    notes: list[str] = Field(default_factory=list[str])
    attention: list[str] = Field(default_factory=list[str])
    next: str = ""
