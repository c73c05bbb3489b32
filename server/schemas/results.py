"""The table of results: the query, the rows of experiments and of validations, and failures by class."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field, field_validator

from .messages import Answer, LabLine, Request

SORT_KEYS = ("score", "gain", "launched_at", "finished_at", "id", "cost")
"""What rows can be sorted by, beside metrics."""


class ResultsQuery(Request):
    """Which experiments to list, and in which order."""

    tool: ClassVar[str] = "get_results"

    ids: list[str] | None = Field(default=None, description="e0001-e0008, g002, v003. The default is all")
    status: str | None = Field(default=None, description="queued, running, succeeded, failed …")
    verdict: str | None = Field(default=None, description="promising, worse, inconclusive, confirmed …")
    gpu: str | None = Field(default=None, description="A kind that list_gpus names")
    theme: str | None = Field(default=None, description="As given at launch")
    by: str | None = Field(default=None, description="Who launched it")
    search: str | None = Field(default=None, description="Words in hypotheses, changes, themes, notes")
    after: str | None = Field(default=None, description="A cursor of wait: what finished since then")
    sort_by: str | None = Field(default=None, description="score, gain, launched_at, finished_at, id, cost, or a metric")
    order: Literal["best", "worst", "ascending", "descending"] | None = Field(
        default=None, description="By default best first; newest first when sorted by id or time"
    )
    limit: int = Field(default=20, ge=1, le=500, description="Rows on a page")
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before")
    detail: Literal["concise", "detailed"] = Field(
        default="concise", description="detailed adds seed, hypothesis, theme, by, reason, metrics, full flags"
    )

    @field_validator("sort_by")
    @classmethod
    def _keys_in_any_case(cls, key: str | None) -> str | None:
        """Return a key as `SORT_KEYS` has it; the name of a metric as it is."""
        return key.strip().lower() if key is not None and key.strip().lower() in SORT_KEYS else key


class StratumFacts(Answer):
    """What makes the scores of a stratum comparable. A later version of the trainer may record further facts.

    Attributes:
        trainer: The trainer with the digest of its protected files.
        budget_seconds: Seconds of training of one experiment.
        budget: What its command was told instead, such as `2000 steps`.
        clock: What the budget counts: `cpu` time or `wall` time.
        gpu: The kind of device that was asked for, if another one was measured.
        device: The kind of device that was measured.
        evaluator: The version of the evaluator.
        data: The data on which the evaluator scores.
        self_reported: The experiment's own output is believed, rather than the evaluator.
    """

    model_config = ConfigDict(frozen=True, extra="allow")
    unless_set: ClassVar[frozenset[str]] = frozenset({"self_reported"})

    trainer: str | None = None
    budget_seconds: float | None = None
    budget: str | None = None
    clock: str | None = None
    gpu: str | None = None
    device: str | None = None
    torch: str | None = None
    driver: str | None = None
    evaluator: str | None = None
    data: str | None = None
    self_reported: bool | None = None


class ReferenceSummary(Answer):
    """The source that the gains and verdicts of a stratum are against: the champion.

    Attributes:
        id: `e0057` or `baseline`.
        score: The mean score of its replicates; absent if it has no score in this stratum, and then there are no verdicts.
        sd: The standard deviation of its own scores between seeds.
        seeds: The number of its scores.
    """

    id: str
    score: float | None = None
    sd: float | None = None
    seeds: int = 0


class StratumSummary(Answer):
    """A stratum: what its scores have in common, its reference, and its noise.

    Attributes:
        id: `s2`; absent where the stratum is named otherwise.
        noise: The standard deviation of a score between seeds.
        others: The number of other strata in the lab.
    """

    id: str | None = None
    stratum: StratumFacts
    reference: ReferenceSummary | None = None
    noise: float | None = None
    others: int | None = None


class Columns(Answer):
    """The columns of the table of results that several rows may have in common.

    Attributes:
        status: Absent in the briefing and in `wait` where there is a score: it has succeeded.
        verdict: What its score says against the reference of its stratum. `reference` is a replicate of the reference itself.
        tested_against: The champion that a validation compared it with, if that is not the reference.
        gain: Difference of its score to the mean of the reference; positive is better.
        base: The source that it was made from, and that `changes` is against.
        gain_on_base: Difference of its score to the mean of its base in the same stratum, if the base is not the reference.
        steps: Steps (or tokens) that the run trained in its budget, where runs of its stratum differ in them or the run lagged.
        seed: In a detailed row.
        gpu: Left out if it equals the device of the row's stratum.
        cost: GPU-seconds, or dollars where a price is known, with the unit. Not in the briefing and in `wait`.
        flags: What to check before the score is believed. A concise row has their kinds only.
    """

    status: str | None = None
    verdict: str | None = None
    tested_against: str | None = None
    score: float | None = None
    gain: float | None = None
    base: str | None = None
    gain_on_base: float | None = None
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


class RowKey(Answer):
    """Which experiment a row is.

    Attributes:
        stratum: Where the rows belong to several strata. Scores compare only within one stratum.
    """

    id: str
    stratum: str | None = None


class Row(Columns, RowKey):  # in this order, a row's id stands first in its JSON
    """An experiment in the table of results, without the values that all rows of the answer share.

    Attributes:
        guards: The limits that its run broke, as `l0 48 > 32`: a result that breaks one is no improvement.
        metrics: The metrics that it isn't judged by, in a detailed row, and the one that the rows are sorted by.
    """

    guards: list[str] = Field(default_factory=list[str])
    metrics: dict[str, float] = Field(default_factory=dict[str, float])


class TableFacts(Answer):
    """What a table is of. `wait` says metric, direction and stratum to a caller once, until they change.

    Attributes:
        metric: The name of the score.
        direction: `minimize` or `maximize`.
        self_reported: The experiments' own output is believed, rather than the evaluator.
        stratum: The stratum of all rows: device and budget, or all of its facts in a detailed table.
        reference: The source that all gains and verdicts are against.
        noise: The standard deviation of a score between seeds.
        strata: If the rows belong to several strata: each of them, with its own reference.
        order: How rows of several strata are ordered.
    """

    metric: str = ""
    direction: str = ""
    self_reported: bool | None = None
    stratum: StratumFacts | None = None
    reference: ReferenceSummary | None = None
    noise: float | None = None
    strata: dict[str, StratumSummary] = Field(default_factory=dict[str, StratumSummary])
    order: str | None = None


class Common(Columns, TableFacts):
    """What all rows of an answer have in common: a column that has the same value in all rows stands here once."""


def whole_row(row: Row, common: Common | None) -> dict[str, Any]:
    """Return the columns of a row by name, with those that all rows of its answer share."""
    values = {name: getattr(row, name) for name in Row.model_fields}
    shared = {} if common is None else {name: getattr(common, name) for name in Columns.model_fields}
    return {name: value if value or value == 0 else shared.get(name) or value for name, value in values.items()}


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
        test: The position of this test among all tests of the lab, 1 for the first.
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

    common: Common
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
