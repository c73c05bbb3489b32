"""Tools that launch: experiments, grids, validations."""

from __future__ import annotations

from ..server.lab.launch import experiments, grid
from ..server.lab.launch import validate as validations
from ..server.schemas.launch import GridLaunch, GridLaunched, Launch, Launched
from ..server.schemas.validation import Validated, ValidationRequest
from .background_wait import after_launch, after_validate
from .lab_context import LabContext, caller_of, lab_of
from .registry import tool


@tool("Launch an experiment", always_loaded=True)
async def launch_experiment(ctx: LabContext, request: Launch) -> Launched:
    """Run one idea and score it. Returns ids at once; then call `wait`.

    The source is `base`, changed by `files`, `patch`, `apply`, `edits` and `overrides`, in this order; only the trainer's
    editable files may change. The lab assigns the seeds. The same source, seed, budget and GPU never runs twice: the earlier
    experiment is returned under `duplicates`. With one seed, an experiment can be `promising` at most. For several values or
    variants use launch_grid.

    In the answer, `flags` are warnings that block nothing; `similar` lists earlier experiments that changed nearly the same.
    """
    return after_launch(ctx, await experiments.launch(await lab_of(ctx), request, caller_of(ctx)))


@tool("Launch a grid of experiments", always_loaded=True)
async def launch_grid(ctx: LabContext, request: GridLaunch) -> GridLaunched:
    """Run many experiments at once: factors × variants, or cells; 1,000 at most. Returns at once; then `wait`.

    All cells share seeds, so that they can be compared pair by pair. Cells that ran before are duplicates and cost nothing.
    `tells` says which effects the design can estimate; `dry_run` shows it, with the cells and the cost.

    To screen many knobs use fractional (two values each) or latin_hypercube. To tune a few use optimiser, several times: it
    proposes cells from all earlier results. ablation takes the difference between `base` and the baseline, and runs `base`
    once without each part of that difference; then call analyze(what="ablation").
    """
    return after_launch(ctx, await grid.launch_grid(await lab_of(ctx), request, caller_of(ctx)))


@tool("Validate candidates", always_loaded=True)
async def validate(ctx: LabContext, request: ValidationRequest) -> Validated:
    """Test candidates against the champion: the only way to `confirmed` and to a new champion. Returns at once; then `wait`.

    Candidate and champion run in pairs on fresh seeds. Every test makes later tests stricter; every confirmation makes later
    tests less strict. So validate what is promising on several seeds, not everything, and not the same again. Eight pairs
    detect a gain of 3 standard deviations between seeds in 95 % of cases, four pairs in 55 %. The gain to report comes from
    eight other pairs against the baseline, run after the promotion. The cost of all stages is reserved at launch.
    """
    return after_validate(ctx, await validations.validate(await lab_of(ctx), request, caller_of(ctx)))
