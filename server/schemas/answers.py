"""What the lab answers. Every answer is compact: nulls and empties are left out, ids stand in ranges.

Units are in the names. A score that was not measured is absent, never 0.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SerializerFunctionWrapHandler, model_serializer


class Answer(BaseModel):
    """An answer that leaves out what says nothing."""

    model_config = ConfigDict(frozen=True)

    @model_serializer(mode="wrap")
    def _compact(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in handler(self).items() if value not in (None, "", [], {})}


class LabLine(Answer):
    """Where the lab stands, in a line: carried by launches, `wait` and `get_results`."""

    champion: str
    running: int = 0
    queued: int = 0
    idle_gpus: int = 0
    allowance_left: str = ""


class Estimate(Answer):
    """What a launch costs."""

    gpu_seconds: float
    usd: float | None = None
    starts_in_seconds: float | None = None
    done_in_seconds: float | None = None


class Similar(Answer):
    """An earlier experiment that tried nearly the same."""

    id: str
    changes: str
    verdict: str
    score: float | None = None


class LaunchedBlock(Answer):
    """What a launch on several kinds of GPU comes to on one of them; nothing is compared across."""

    gpu: str
    experiments: list[str] = Field(default_factory=list[str])
    seeds: list[int] = Field(default_factory=list[int])
    estimate: Estimate
    duplicates: list[str] = Field(default_factory=list[str])
    baseline: list[str] = Field(default_factory=list[str])


class Launched(Answer):
    """What `launch_experiment` answers.

    Attributes:
        experiments: Ids, as ranges.
        base: The experiment or source that it was made from.
        seeds: Where it is on one kind; else they stand in `blocks`.
        why_gpu: By what the lab chose the kind, where it did.
        blocks: Kind by kind, where there are several.
        duplicates: Earlier experiments with the same source, seed, budget and kind, returned instead of being run again.
        baseline: Replicates of the baseline that the lab added, because nothing was known of the noise here.
        flags: What the source touches that the baseline doesn't, for the reader: nothing is forbidden by it.
        next: What to know or do about the duplicates.
    """

    experiments: list[str] = Field(default_factory=list[str])
    base: str
    seeds: list[int] = Field(default_factory=list[int])
    gpu: str
    why_gpu: str = ""
    blocks: list[LaunchedBlock] = Field(default_factory=list[LaunchedBlock])
    changes: str = ""
    diffstat: str = ""
    flags: list[str] = Field(default_factory=list[str])
    estimate: Estimate
    duplicates: list[str] = Field(default_factory=list[str])
    similar: list[Similar] = Field(default_factory=list[Similar])
    baseline: list[str] = Field(default_factory=list[str])
    dry_run: bool | None = None
    next: str = ""
    lab: LabLine | None = None


class Cell(Answer):
    """One combination of a grid."""

    id: str = ""
    variant: str = ""
    knobs: dict[str, JsonValue] = Field(default_factory=dict)


class GridLaunched(Answer):
    """What `launch_grid` answers; twenty cells at most, the rest by `get_results`.

    Attributes:
        tells: What the design can and can't tell apart.
        resolution: Of a fraction, as a Roman numeral.
        aliases: Of a fraction: effects that it can't tell apart, `A*B = C*D`.
        flags: As in `Launched`, of all variants; so are `why_gpu` and `blocks`.
    """

    grid: str = ""
    experiments: list[str] = Field(default_factory=list[str])
    base: str
    gpu: str
    why_gpu: str = ""
    blocks: list[LaunchedBlock] = Field(default_factory=list[LaunchedBlock])
    seeds: list[int] = Field(default_factory=list[int])
    cells: list[Cell] = Field(default_factory=list[Cell])
    total: int
    tells: str = ""
    resolution: str | None = None
    aliases: list[str] = Field(default_factory=list[str])
    flags: list[str] = Field(default_factory=list[str])
    estimate: Estimate
    duplicates: list[str] = Field(default_factory=list[str])
    baseline: list[str] = Field(default_factory=list[str])
    dry_run: bool | None = None
    next: str = ""
    lab: LabLine | None = None


class Cost(Answer):
    """What a part of a validation costs.

    Attributes:
        stage: `test`, `horizon` or `report`; all but the test run only if those before were passed.
        horizon: Budgets.
        seeds: Each is run by the candidate, and by what it is compared with.
    """

    stage: str
    horizon: int
    seeds: int
    gpu_seconds: float
    usd: float | None = None


class LaunchedTest(Answer):
    """One validation that was launched.

    Attributes:
        level: That the test is held to.
        experiments: Of the test, as ranges.
    """

    validation: str = ""
    candidate: str
    level: float
    costs: list[Cost]
    experiments: list[str] = Field(default_factory=list[str])


class Validated(Answer):
    """What `validate` answers.

    Attributes:
        champion: What the candidates are tested against.
        estimate: Of everything, as if every candidate were confirmed; that much is reserved. The times are those of the tests.
        tests_before: Launched in this lab.
    """

    tests: list[LaunchedTest]
    champion: str
    gpu: str
    why_gpu: str = ""
    estimate: Estimate
    tests_before: int
    dry_run: bool | None = None
    next: str = ""
    lab: LabLine | None = None


class HorizonResult(Answer):
    """How a candidate did at a longer budget.

    Attributes:
        gain: In the mean of its pairs against the champion; positive is better.
        tau: Kendall's, between the rankings there and at the test's budget, where eight configurations ran at both.
    """

    horizon: int
    gain: float
    tau: float | None = None
    tau_interval: list[float] = Field(default_factory=list[float])


class ValidationRow(Answer):
    """A validation.

    Attributes:
        state: What runs: `test`, `horizon`, `report`; absent when it is finished.
        gain: Against the baseline, over pairs that decided nothing; positive is better. Only of what became champion.
        interval: Of the gain, 95 %.
        p: One-sided, of the test.
        level: That the test was held to.
        test: Its place among all tests of the lab.
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


class Row(Answer):
    """An experiment in the table of results.

    Attributes:
        gain: Against the reference; positive is better.
        cost: GPU-seconds, or dollars where a price is known, with the unit.
        stratum: Where the rows span several: scores compare within one only.
        flags: What to look at before the score is believed; in a concise row their kinds alone.
    """

    id: str
    stratum: str | None = None
    status: str | None = None
    verdict: str | None = None
    score: float | None = None
    gain: float | None = None
    changes: str | None = None
    seed: int | None = None
    gpu: str | None = None
    cost: str | None = None
    error: str | None = None
    hypothesis: str | None = None
    theme: str | None = None
    by: str | None = None
    reason: str | None = None
    flags: list[str] = Field(default_factory=list[str])


class Results(Answer):
    """What `get_results` answers; what all rows share stands in `common`."""

    common: dict[str, JsonValue] = Field(default_factory=dict)
    rows: list[Row] = Field(default_factory=list[Row])
    total: int
    next_cursor: str | None = None
    validations: list[ValidationRow] = Field(default_factory=list[ValidationRow])
    lab: LabLine | None = None


class FailureClass(Answer):
    """Failures of one kind, with one of them as an example and what would help."""

    kind: str
    count: int
    example: str
    message: str = ""
    fix: str = ""


class Pending(Answer):
    """What is not finished, by state, with ids as ranges."""

    counts: dict[str, int] = Field(default_factory=dict)
    ids: list[str] = Field(default_factory=list[str])


class Waited(Answer):
    """What `wait` answers."""

    finished: list[Row] = Field(default_factory=list[Row])
    finished_total: int = 0
    common: dict[str, JsonValue] = Field(default_factory=dict)
    validations: list[ValidationRow] = Field(default_factory=list[ValidationRow])
    failures: list[FailureClass] = Field(default_factory=list[FailureClass])
    pending: Pending | None = None
    attention: list[str] = Field(default_factory=list[str])
    cursor: str
    timed_out: bool
    next: str = ""
    lab: LabLine | None = None


class ExperimentDetail(Answer):
    """What `get_experiment` answers; the parts that `include` names."""

    id: str
    status: str
    verdict: str
    reason: str | None = None
    score: float | None = None
    gain: float | None = None
    hypothesis: str
    theme: str | None = None
    by: str
    base: str
    changes: str
    seed: int
    replicate: int
    gpu: str
    budget_seconds: float
    stratum: dict[str, JsonValue] = Field(default_factory=dict)
    cost: str = ""
    seconds: dict[str, JsonValue] = Field(default_factory=dict)
    measures: dict[str, JsonValue] = Field(default_factory=dict)
    failure: dict[str, JsonValue] = Field(default_factory=dict)
    diff: str = ""
    curve: list[list[float]] = Field(default_factory=list[list[float]])
    runs: list[dict[str, JsonValue]] = Field(default_factory=list[dict[str, JsonValue]])
    replicates: list[str] = Field(default_factory=list[str])
    flags: list[str] = Field(default_factory=list[str])


class Cancelled(Answer):
    """What `cancel` answers."""

    cancelled: list[str] = Field(default_factory=list[str])
    already_finished: list[str] = Field(default_factory=list[str])
    refused: dict[str, list[str]] = Field(default_factory=dict)
    lab: LabLine | None = None


class CheckedOut(Answer):
    """What `checkout` answers."""

    id: str
    folder: str
    written: list[str] = Field(default_factory=list[str])
    removed: list[str] = Field(default_factory=list[str])


class Noted(Answer):
    """What `note` answers."""

    note: int
    text: str
    experiments: list[str] = Field(default_factory=list[str])
    theme: str | None = None


class Theme(Answer):
    """How one line of thought fared."""

    theme: str
    tried: int
    best_gain: float | None = None
    failed: int = 0


class Briefing(Answer):
    """What `get_briefing` answers: the research in one screen."""

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
