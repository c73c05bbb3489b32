"""What a caller may ask for: changes to a source, launches, grids, and questions about results.

The tools build these from their arguments, the lab's verbs take them. Unknown keys are refused.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ..domain import Priority

Aspect = Literal["summary", "effects", "noise", "pareto", "horizons", "efficiency", "yardstick", "importance", "ablation"]
"""What an analysis is of."""
Picture = Literal["progress", "effects", "curves", "timeline", "parallel", "horizons"]
"""What is drawn."""
Design = Literal["full", "fractional", "latin_hypercube", "random", "one_at_a_time", "optimiser", "ablation"]
Kinds = str | list[str] | None
"""Of devices, as `list_gpus` names them: one; `any`, the one that is done first; or several, each a block of its own."""
GRID_CAP = 1000
"""Experiments that one call may launch."""


class Request(BaseModel):
    """A frozen request that refuses what it doesn't know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Edit(Request):
    """Replace a piece of a file; `find` must occur exactly once in it."""

    file: str = "train.py"
    find: str
    replace: str


class Change(Request):
    """How a source differs from its base, applied in this order: files, patch, apply, edits, overrides.

    Attributes:
        base: `champion`, `baseline`, an experiment's id, or `workdir`: the trainer folder as it stands on disk.
        folder: With `base="workdir"`, another copy of the trainer folder.
        files: Whole files, path to text.
        patch: A unified diff.
        apply: Experiments whose changes against their own bases are merged in.
        edits: Exact replacements.
        overrides: Knobs, name to value: a literal, or an expression of literals such as `"2**20"`.
    """

    base: str = "champion"
    folder: str | None = None
    files: dict[str, str] = Field(default_factory=dict)
    patch: str | None = None
    apply: list[str] = Field(default_factory=list)
    edits: list[Edit] = Field(default_factory=list[Edit])
    overrides: dict[str, JsonValue] = Field(default_factory=dict)


class Variant(Change):
    """A named change that a grid crosses with its factors."""

    name: str
    base: str = ""
    """Empty for the grid's own base."""


class LaunchOptions(Request):
    """What launching one experiment and launching a grid have in common.

    Attributes:
        hypothesis: Why this should help, in a sentence.
        gpu: Kinds of device; None for the base's own kind.
        budget_seconds: Of training; None for the trainer's.
        replicates: Seeds k < replicates; those that exist are returned, not run again.
        request_id: A launch repeated with the same one gets the first answer and starts nothing.
        dry_run: Price it, start nothing.
    """

    hypothesis: Annotated[str, Field(min_length=1, max_length=2000)]
    gpu: Kinds = None
    budget_seconds: Annotated[float, Field(gt=0)] | None = None
    replicates: Annotated[int, Field(ge=1, le=GRID_CAP)] = 1
    theme: str | None = None
    priority: Priority = "normal"
    request_id: str | None = None
    dry_run: bool = False


class Launch(LaunchOptions):
    """One idea.

    Attributes:
        retry: Run again what failed.
    """

    change: Change = Field(default_factory=Change)
    retry: bool = False


class GridLaunch(LaunchOptions):
    """Factors crossed with variants, or the cells as listed.

    Attributes:
        factors: Knob to the values it takes.
        variants: Named changes; without any, the base itself is the one variant.
        cells: Listed combinations of knob values, instead of a design over the factors.
        overrides: Knobs that are the same in all cells.
        design: How factors' values are combined. `ablation` has none: it takes apart what `base` changed against the baseline.
        size: Cells: of designs that draw, of the optimiser's batch (the free slots by default), the most of a fraction.
    """

    base: str = "champion"
    factors: dict[str, list[JsonValue]] = Field(default_factory=dict)
    variants: list[Variant] = Field(default_factory=list[Variant])
    cells: list[dict[str, JsonValue]] = Field(default_factory=list[dict[str, JsonValue]])
    overrides: dict[str, JsonValue] = Field(default_factory=dict)
    design: Design = "full"
    size: Annotated[int, Field(ge=1, le=GRID_CAP)] | None = None


class ValidationRequest(Request):
    """Tests of candidates against the champion, one each.

    Attributes:
        ids: Experiments.
        replicates: Pairs of fresh seeds, candidate and champion on each.
        horizons: Multiples of the budget at which a confirmed candidate runs against the champion before it leads.
        gpu: A kind of device, or `any`; None for the candidates' own kind.
        dry_run: Price it, start nothing.
    """

    ids: Annotated[list[str], Field(min_length=1, max_length=100)]
    replicates: Annotated[int, Field(ge=2, le=64)] = 8
    horizons: list[Annotated[int, Field(ge=1, le=100)]] = Field(default_factory=lambda: [1])
    gpu: str | None = None
    dry_run: bool = False


class ScaleRequest(Request):
    """How many clusters a pool is to hold.

    Attributes:
        clusters: Idle or not; None for as many as the queue needs.
        dry_run: Price it, change nothing.
    """

    pool: str
    clusters: Annotated[int, Field(ge=0)] | None = None
    dry_run: bool = False


SortKey = Literal["score", "gain", "launched_at", "finished_at", "id", "cost"]


class ResultsQuery(Request):
    """Which experiments, in what order.

    Attributes:
        ids: Experiments, grids, ranges; None for all.
        by: Who launched it.
        search: Words in hypotheses, changes, themes and notes.
        after: Only what finished since this cursor of `wait`.
        sort_by: None for best score first where there is one, else newest first.
        cursor: Where the previous page ended, as it was given.
    """

    ids: list[str] | None = None
    status: str | None = None
    verdict: str | None = None
    gpu: str | None = None
    theme: str | None = None
    by: str | None = None
    search: str | None = None
    after: str | None = None
    sort_by: SortKey | None = None
    order: Literal["best", "worst", "ascending", "descending"] | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 20
    cursor: str | None = None
    detail: Literal["concise", "detailed"] = "concise"


class WaitQuery(Request):
    """What to wait for.

    Attributes:
        ids: Experiments and grids; None for all that the caller launched.
        until: Return when all are finished, or as soon as any is.
        after: The cursor that the last call gave.
    """

    ids: list[str] | None = None
    until: Literal["all", "any"] = "all"
    after: str | None = None
    timeout_seconds: Annotated[float, Field(ge=0, le=3600)] = 50
