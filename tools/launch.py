"""Tools that launch: experiments, grids, validations."""

from __future__ import annotations

from ..server.lab.launch import experiments, grid
from ..server.lab.launch import validate as validations
from ..server.schemas.launch import GridLaunch, GridLaunched, Launch, Launched
from ..server.schemas.validation import Validated, ValidationRequest
from .lab_context import LabContext, caller_of, lab_of
from .registry import tool


@tool("Launch an experiment", always_loaded=True)
async def launch_experiment(ctx: LabContext, request: Launch) -> Launched:
    """Run one idea, measured by the lab's own evaluator. Returns ids at once; then call `wait`.

    The source is `base`, changed by `files`, `patch`, `apply`, `edits` and `overrides`, in this order. Only the trainer's
    editable files may differ from the base. The lab assigns the seeds. An experiment with the same source, seed, budget and
    GPU is never run twice: the earlier one is returned under `duplicates`. The first launch adds replicates of the baseline,
    to measure the noise between seeds. With one seed, an experiment can be `promising` at most. For several values or
    variants use launch_grid: it keeps every GPU busy.

    `flags` names what the source uses that the baseline doesn't and an idea seldom needs: seeds, clocks, files, processes,
    the network, the evaluator's names, the interpreter. Flags forbid nothing; they tell the reader of a score what to check.
    `similar` lists earlier experiments that changed nearly the same.
    """
    return await experiments.launch(await lab_of(ctx), request, caller_of(ctx))


@tool("Launch a grid of experiments", always_loaded=True)
async def launch_grid(ctx: LabContext, request: GridLaunch) -> GridLaunched:
    """Run many experiments at once: factors × variants, or a list of cells; 1,000 at most. Returns at once; then `wait`.

    All cells share seeds, so that they can be compared pair by pair. A factor that is not a knob of a variant's source is
    refused by name. Cells that ran before are returned as duplicates and cost nothing. `tells` says which effects the design
    can estimate and which it can't separate; `dry_run` shows it, with the cells and the cost, and a launch right after it
    draws the same cells.

    To screen many knobs use fractional (two values for each knob) or latin_hypercube. To tune a few knobs use optimiser,
    several times: each call proposes cells from all earlier results. ablation splits the change of `base` against the
    baseline into parts: it runs the base, the base without each part of its change, its code alone and its knobs alone; then
    call analyze(what="ablation").
    """
    return await grid.launch_grid(await lab_of(ctx), request, caller_of(ctx))


@tool("Validate candidates", always_loaded=True)
async def validate(ctx: LabContext, request: ValidationRequest) -> Validated:
    """Test candidates against the champion: the only way to `confirmed` and to a new champion. Returns at once; then `wait`.

    Candidate and champion run in pairs on fresh seeds. The significance level of each test is fixed at launch from the lab's
    whole series of tests: every test makes later tests stricter, and a confirmation makes them less strict. So validate what
    is promising on several seeds, not everything; to validate the same candidate again is a new test. Eight pairs detect a
    gain of 3 standard deviations between seeds in 95 % of cases, four pairs in 55 %. The gain that may be reported comes from
    eight other pairs against the baseline, which the lab runs after a candidate has become champion. The cost of all stages
    is reserved at launch.
    """
    return await validations.validate(await lab_of(ctx), request, caller_of(ctx))
