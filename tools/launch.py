"""Tools that start experiments."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from ..server.domain import Priority
from ..server.lab.launch import experiments, grid
from ..server.schemas.answers import GridLaunched, Launched
from ..server.schemas.requests import Change, Design, Edit, GridLaunch, Kinds, Launch, Variant
from .lab_context import LabContext, caller_of, lab_of
from .registry import tool

Hypothesis = Annotated[str, Field(description="Why this should help, in a sentence")]
Base = Annotated[str, Field(description="champion, baseline, an experiment's id, or workdir (the trainer folder on disk)")]
Overrides = Annotated[
    dict[str, JsonValue] | None, Field(description='Knobs, name to value: {"DEPTH": 6, "BATCH_SIZE": "2**14"}')
]
Gpu = Annotated[
    Kinds,
    Field(description="A kind of list_gpus; any: the one done first; a list: every cell on each. By default the base's"),
]
Budget = Annotated[float | None, Field(description="Seconds of training; the trainer's by default")]
Replicates = Annotated[int, Field(description="Seeds k < replicates; those that exist are returned, not run again")]
Theme = Annotated[str | None, Field(description="The line of thought it belongs to, for filters and the briefing")]
RequestId = Annotated[str | None, Field(description="Repeated with the same one, a launch gets the first answer")]
DryRun = Annotated[bool, Field(description="Price it, start nothing")]


@tool("Launch an experiment", always_loaded=True)
async def launch_experiment(
    ctx: LabContext,
    *,
    hypothesis: Hypothesis,
    base: Base = "champion",
    files: Annotated[dict[str, str] | None, Field(description="Whole files, path to text")] = None,
    patch: Annotated[str | None, Field(description="A unified diff")] = None,
    apply: Annotated[list[str] | None, Field(description="Experiments whose changes are merged in, to combine winners")] = None,
    edits: Annotated[list[Edit] | None, Field(description="Exact replacements; `find` must occur once")] = None,
    overrides: Overrides = None,
    folder: Annotated[str | None, Field(description='With base="workdir": another copy of the trainer folder')] = None,
    gpu: Gpu = None,
    budget_seconds: Budget = None,
    replicates: Replicates = 1,
    theme: Theme = None,
    priority: Priority = "normal",
    retry: Annotated[bool, Field(description="Run again what failed")] = False,
    request_id: RequestId = None,
    dry_run: DryRun = False,
) -> Launched:
    """Run one idea, measured by the lab's own evaluator. Answers at once with ids; then `wait`.

    The source is `base` with, in this order, `files`, `patch`, `apply`, `edits`, `overrides`. Only the trainer's editable files
    may differ. The lab assigns seeds. The same source, seed, budget and GPU is never run twice: the earlier experiment is
    returned under `duplicates`. The first launch adds replicates of the baseline, to learn the noise. One seed can make an
    experiment promising at most. For several values or variants use launch_grid: it keeps every GPU busy.
    """
    change = Change(
        base=base,
        folder=folder,
        files=files or {},
        patch=patch,
        apply=apply or [],
        edits=edits or [],
        overrides=overrides or {},
    )
    request = Launch(
        change=change,
        hypothesis=hypothesis,
        gpu=gpu,
        budget_seconds=budget_seconds,
        replicates=replicates,
        theme=theme,
        priority=priority,
        retry=retry,
        request_id=request_id,
        dry_run=dry_run,
    )
    return await experiments.launch(await lab_of(ctx), request, caller_of(ctx))


@tool("Launch a grid of experiments", always_loaded=True)
async def launch_grid(
    ctx: LabContext,
    *,
    hypothesis: Hypothesis,
    factors: Annotated[
        dict[str, list[JsonValue]] | None, Field(description='Knob to values: {"DEPTH": [4, 6], "MATRIX_LR": [0.02, 0.04]}')
    ] = None,
    variants: Annotated[
        list[Variant] | None, Field(description="Named changes, crossed with the factors; the base itself is not among them")
    ] = None,
    cells: Annotated[
        list[dict[str, JsonValue]] | None, Field(description="Listed combinations of knobs, instead of a design")
    ] = None,
    overrides: Overrides = None,
    design: Annotated[
        Design,
        Field(description="How the factors' values are combined; optimiser proposes by what ran: two numbers are a range"),
    ] = "full",
    size: Annotated[int | None, Field(description="Cells to draw or propose; the most of a fraction")] = None,
    base: Base = "champion",
    gpu: Gpu = None,
    budget_seconds: Budget = None,
    replicates: Replicates = 1,
    theme: Theme = None,
    priority: Priority = "normal",
    request_id: RequestId = None,
    dry_run: DryRun = False,
) -> GridLaunched:
    """Run many experiments at once: factors × variants, or the cells as listed; 1,000 at most. Answers at once; then `wait`.

    All cells share seeds, so that they can be compared pair by pair. A factor that a variant's source lacks is refused by
    name. Cells that ran before are returned as duplicates and cost nothing. `tells` says what the design can and can't tell
    apart; `dry_run` shows it, with the cells and the cost. For screening many knobs take fractional (two values a knob) or
    latin_hypercube; for tuning a few, optimiser, again and again. ablation takes what base changed against the baseline apart:
    it alone, without each of its parts, its code and its knobs alone; then analyze(what="ablation").
    """
    request = GridLaunch(
        hypothesis=hypothesis,
        factors=factors or {},
        variants=variants or [],
        cells=cells or [],
        overrides=overrides or {},
        design=design,
        size=size,
        base=base,
        gpu=gpu,
        budget_seconds=budget_seconds,
        replicates=replicates,
        theme=theme,
        priority=priority,
        request_id=request_id,
        dry_run=dry_run,
    )
    return await grid.launch_grid(await lab_of(ctx), request, caller_of(ctx))
