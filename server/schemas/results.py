"""The table of results: the query, the rows of experiments and of validations, and failures by class."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from .messages import Answer, LabLine, Request

SortKey = Literal["score", "gain", "launched_at", "finished_at", "id", "cost"]


class ResultsQuery(Request):
    """Which experiments to list, and in which order."""

    ids: list[str] | None = Field(
        default=None, description="Experiments, ranges, grids, validations: e0001-e0008, g002, v003. The default is all"
    )
    status: str | None = Field(default=None, description="queued, running, succeeded, failed, …")
    verdict: str | None = Field(default=None, description="promising, worse, inconclusive, confirmed, …")
    gpu: str | None = Field(default=None, description="A kind that list_gpus names")
    theme: str | None = Field(default=None, description="The line of research, as it was given at launch")
    by: str | None = Field(default=None, description="The caller who launched it")
    search: str | None = Field(default=None, description="Words in hypotheses, changes, themes and notes")
    after: str | None = Field(default=None, description="A cursor of wait: only experiments that finished since then")
    sort_by: SortKey | None = Field(
        default=None, description="The default is the score, or launched_at where no row has a score"
    )
    order: Literal["best", "worst", "ascending", "descending"] | None = Field(
        default=None, description="The default is best first, or newest first where no row has a score"
    )
    limit: int = Field(default=20, ge=1, le=500, description="Number of rows on a page")
    cursor: str | None = Field(default=None, description="`next_cursor` of the previous page")
    detail: Literal["concise", "detailed"] = Field(
        default="concise", description="detailed adds hypothesis, theme, by, reason and the flags in full"
    )


class Row(Answer):
    """An experiment in the table of results.

    Attributes:
        gain: Difference to the reference; positive is better.
        cost: GPU-seconds, or dollars where a price is known, with the unit.
        stratum: Where the rows belong to several strata. Scores compare only within one stratum.
        steps: Steps (or tokens) that the run trained in its budget, where runs of its stratum differ in them or the run lagged.
        flags: What to check before the score is believed. A concise row has their kinds only.
    """

    id: str
    stratum: str | None = None
    status: str | None = None
    verdict: str | None = None
    score: float | None = None
    gain: float | None = None
    changes: str | None = None
    steps: int | None = None
    seed: int | None = None
    gpu: str | None = None
    cost: str | None = None
    error: str | None = None
    hypothesis: str | None = None
    theme: str | None = None
    by: str | None = None
    reason: str | None = None
    flags: list[str] = Field(default_factory=list[str])


class HorizonResult(Answer):
    """How a candidate did at a longer budget.

    Attributes:
        gain: Mean of its pairs against the champion; positive is better.
        tau: Kendall's tau between the rankings at that budget and at the test's budget, where eight configurations ran at both.
    """

    horizon: int
    gain: float
    tau: float | None = None
    tau_interval: list[float] = Field(default_factory=list[float])


class ValidationRow(Answer):
    """A validation in the table of results.

    Attributes:
        state: The stage that runs: `test`, `horizon`, `report`; absent when the validation has ended.
        gain: Difference to the baseline, from pairs that decided nothing; positive is better. Only of a new champion.
        interval: 95 % interval of the gain.
        p: One-sided p-value of the test.
        level: Significance level of the test.
        test: The number of the test among all tests of the lab.
    """

    id: str
    candidate: str
    champion: str
    state: str | None = None
    verdict: str
    promoted: bool
    gain: float | None = None
    interval: list[float] = Field(default_factory=list[float])
    p: float | None = None
    level: float
    test: int
    horizons: list[HorizonResult] = Field(default_factory=list[HorizonResult])
    reason: str | None = None
    experiments: list[str] = Field(default_factory=list[str])


class Results(Answer):
    """The answer of `get_results`. Values that all rows share are in `common`."""

    common: dict[str, JsonValue] = Field(default_factory=dict)
    rows: list[Row] = Field(default_factory=list[Row])
    total: int
    next_cursor: str | None = None
    validations: list[ValidationRow] = Field(default_factory=list[ValidationRow])
    lab: LabLine | None = None


class FailureClass(Answer):
    """Failures of one kind, with one experiment as an example and a remedy."""

    kind: str
    count: int
    example: str
    message: str = ""
    fix: str = ""
