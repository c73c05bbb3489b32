"""Launches grids: experiments launched together, from factors crossed with variants or from a list of cells."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from anyio import to_thread
from pydantic import JsonValue

from ...errors import BadInputError
from ...ids import grid_id
from ...research import designs
from ...research.designs import DesignedCells
from ...schemas.launch import GRID_CAP, Cell, GridLaunch, GridLaunched, Variant
from ...schemas.messages import LabLine, changed
from ...source.changes import diffstat
from ...source.inspection.static_flags import seeds_set
from ...source.literals import Value
from ...source.source_knobs import Knobs
from ...store.experiments import rows
from ...store.grids import NewGrid
from .. import proposals, references
from ..after_commit import complete
from ..analysis import ablation
from ..fleet import device_choice
from ..fleet.device_choice import DeviceChoice
from ..fleet.launch_stratum import LaunchStratum
from ..lab import Lab
from ..literature.citing import find_citations
from ..proposals import Proposal
from ..references import Reference
from . import idempotency, suggest
from .batch import Batch, SubmittedBatch
from .duplicates import ids
from .submit import submit

ABLATION = "ablation"
"""The design whose cells are the parts of the base's change."""
OPTIMISER = "optimiser"
"""The design whose cells depend on earlier results."""
MAX_PRICED_CELLS = 20
"""Number of cells that the answer of a dry run lists."""
MAX_LAUNCHED_CELLS = 4
"""Number of cells up to which the answer of a launch lists them. `get_results` says what each cell of a larger grid changes."""

Combination = Mapping[str, JsonValue]
"""The knobs that a cell sets, with their values."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A cell that will run.

    Attributes:
        values: The values of its factors, as the source holds them.
        proposal: Its source.
    """

    values: Mapping[str, Value]
    proposal: Proposal


async def launch_grid(lab: Lab, request: GridLaunch, caller: str) -> GridLaunched:
    """Queue the replicates of all cells of a grid. Returns at once. All cells share seeds.

    Raises:
        AllowanceError: It costs more than the allowance has left.
        BadInputError: It is empty or too large, a factor is not a knob of a variant, or another value can't be used.
        ConflictError: Two changes of a variant touch the same lines, or the `request_id` was used for a different launch.
        NotFoundError: An experiment that the request names doesn't exist, or the lab knows no paper that it cites.
    """
    stored = await idempotency.first_answer(lab.db, caller, request)
    if stored is not None:
        return await complete(lab, idempotency.restore(GridLaunched, stored), idempotency.ALREADY, wakes=False)
    await find_citations(lab.db, request.papers)
    # With the newest experiment's number as seed, a launch draws the same cells as its dry run, and the next launch others.
    seed = await rows.newest_number(lab.db)
    base = await references.resolve(lab, request.base)
    if request.design == ABLATION:
        cells, plan = await _ablate(lab, request, base)
        choice = await _choose(lab, request, base, len(cells))
    else:
        plan = _plan(request, seed)
        choice = await _choose(lab, request, base, len(plan.cells) or request.size or 1)
        _refuse_searching_on_several(request, choice)
        cells, plan = await _cross_all(lab, request, plan, choice.settings[0], seed)
    saved = await proposals.save(lab, [cell.proposal for cell in cells], request.hypothesis)
    grid = NewGrid(request.hypothesis, request.design, request.factors, request.theme, caller, time.time())

    def answer(batch: SubmittedBatch, line: LabLine | None) -> GridLaunched:
        return GridLaunched(
            grid=grid_id(batch.grid) if batch.grid else "",
            experiments=ids(batch.experiments),
            base=base.name,
            gpu=batch.gpu,
            why_gpu=choice.why,
            blocks=batch.by_kind(request.replicates),
            seeds=request.replicates,
            cells=_shown(cells, batch, is_dry=request.dry_run),
            total=len(cells),
            tells=plan.tells,
            resolution=plan.resolution,
            aliases=[" = ".join(group) for group in plan.aliases],
            flags=sorted({flag for cell in cells for flag in cell.proposal.flags}),
            estimate=batch.estimate,
            duplicates=ids(batch.earlier),
            baseline=ids(batch.baseline),
            champion=ids(batch.champion),
            note=batch.note(is_dry=request.dry_run),
            plan=batch.plan,
            approval=batch.coverage.note,
            dry_run=request.dry_run or None,
            next=batch.next,
            lab=line,
        )

    return await submit(lab, Batch(saved, choice.settings, request, caller, grid=grid), GridLaunched, answer)


async def _choose(lab: Lab, request: GridLaunch, base: Reference, cells: int) -> DeviceChoice:
    """Choose the kinds of GPU for this number of cells of each variant."""
    count = cells * (len(request.variants) or 1) * request.replicates
    return await device_choice.choose(lab, request.gpu, base.gpu, request.budget_seconds, count)


async def _cross_all(
    lab: Lab, request: GridLaunch, plan: DesignedCells, setting: LaunchStratum, seed: int
) -> tuple[list[Planned], DesignedCells]:
    """Return the cells of every variant, and the plan that they come from."""
    cells: list[Planned] = []
    for variant in _variants(request):
        proposal = await proposals.propose(lab, variant)
        if request.design == OPTIMISER:
            knobs = await to_thread.run_sync(Knobs, proposal.source, lab.trainer)
            _refuse_lacking(knobs, request.factors, variant.name)
            named = changed(request, factors=knobs.full_names(request.factors))
            plan = await suggest.batch(lab, named, setting, proposal, seed)
            _refuse_too_many(request, len(plan.cells))
        cells += await to_thread.run_sync(_cross, lab, variant.name, proposal, plan.cells)
    return cells, plan


async def _ablate(lab: Lab, request: GridLaunch, base: Reference) -> tuple[list[Planned], DesignedCells]:
    """Return the cells that show what each part of the change from the baseline to the base contributes."""
    given = (request.factors, request.cells, request.variants, request.overrides, request.packages)
    if any(given) or request.size is not None:
        raise BadInputError(
            f"design={ABLATION!r} splits the change of base: it takes no factors, cells, variants, overrides, packages or size",
            "Give only base and replicates",
        )
    runs, tells = await ablation.propose(lab, base)
    _refuse_too_many(request, len(runs))
    return [Planned({}, proposal) for proposal in runs], DesignedCells((), tells)


def _plan(request: GridLaunch, seed: int) -> DesignedCells:
    """Return the cells of each variant; no cells if they depend on the variant."""
    if request.cells and request.factors:
        raise BadInputError("factors and cells are both given", "Give factors to cross, or the cells as a list")
    if (request.cells or not request.factors) and (request.design != "full" or request.size is not None):
        raise BadInputError(
            f"design={request.design!r}{'' if request.size is None else f', size={request.size}'} needs factors",
            'Give factors={"KNOB": [value, value]}; cells are run as they are listed',
        )
    empty = [name for name, values in request.factors.items() if not values]
    if empty or not (request.factors or request.cells or request.variants):
        raise BadInputError(
            f"The grid is empty: {'no values for ' + ', '.join(empty) if empty else 'no factors, cells or variants'}",
            'Give factors={"KNOB": [value, value]}, cells=[{"KNOB": value}] or variants=[{"name": …, "edits": […]}]',
        )
    if request.design == OPTIMISER:
        return DesignedCells((), "")
    if request.factors:
        plan = designs.plan(request.design, request.factors, size=request.size, seed=seed, cap=GRID_CAP)
    else:
        plan = DesignedCells(request.cells or [{}], "")
    _refuse_too_many(request, len(plan.cells))
    return plan


def _refuse_searching_on_several(request: GridLaunch, choice: DeviceChoice) -> None:
    if request.design == OPTIMISER and len(choice.settings) > 1:
        raise BadInputError(
            f"design={OPTIMISER!r} is set with {len(choice.settings)} kinds of GPU, but it works on one kind at a time",
            f"Call it once for each kind, or with gpu={device_choice.ANY!r}",
        )


def _refuse_too_many(request: GridLaunch, cells: int) -> None:
    variants = len(request.variants) or 1
    gpus = len(request.gpu) if isinstance(request.gpu, list) else 1
    count = cells * variants * request.replicates * gpus
    if count > GRID_CAP:
        times_gpus = f" × {gpus} kinds of GPU" if gpus > 1 else ""
        raise BadInputError(
            f"The grid has {count:,} experiments"
            f" ({cells:,} cells × {variants} variants × {request.replicates} replicates{times_gpus}),"
            f" and one call may launch {GRID_CAP:,}",
            "Use fewer values or replicates, or list only the cells that matter",
        )


def _variants(request: GridLaunch) -> list[Variant]:
    """Return the variants, completed with the grid's base and overrides."""
    factors = request.factors.keys() | {name for cell in request.cells for name in cell}
    variants = request.variants or [Variant(name="")]
    names = [variant.name for variant in variants]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise BadInputError(f"Two variants are named {', '.join(map(repr, repeated))}", "Give each variant a name of its own")
    complete: list[Variant] = []
    for variant in variants:
        overrides = {**request.overrides, **variant.overrides}
        if ambiguous := sorted(factors & overrides.keys()):
            raise BadInputError(f"{', '.join(ambiguous)} is both a factor and an override", "Set a knob in one place")
        base = variant.base or (references.WORKDIR if variant.folder else request.base)
        complete.append(
            Variant(
                name=variant.name,
                base=base,
                folder=variant.folder,
                files=variant.files,
                patch=variant.patch,
                apply=variant.apply,
                edits=variant.edits,
                overrides=overrides,
                packages=[*request.packages, *variant.packages],
            )
        )
    return complete


def _cross(lab: Lab, name: str, variant: Proposal, combinations: Sequence[Combination]) -> list[Planned]:
    """Return a variant's cells. The variant is parsed once and rendered for each cell."""
    knobs = Knobs(variant.source, lab.trainer)
    _refuse_lacking(knobs, {factor for combination in combinations for factor in combination}, name)
    infos, held = knobs.infos, knobs.values
    before = lab.with_protected(variant.base.committed)
    diffstats: dict[frozenset[tuple[str, str]], str] = {}  # cells that set the same knobs change the same lines
    cells: list[Planned] = []
    for combination in combinations:
        change = knobs.change(combination)
        # A knob whose group is chosen anew differs too, even if the cell doesn't set it.
        changed = {factor: value for factor, value in change.values.items() if factor in held and held[factor] != value}
        if change.places not in diffstats:
            diffstats[change.places] = diffstat(before, change.source)
        proposal = Proposal(
            base=variant.base,
            source=change.source,
            changes="; ".join(filter(None, (variant.changes, change.words))),
            diffstat=diffstats[change.places],
            knobs=change.values,
            overrides={**variant.overrides, **changed},
            merged=variant.merged,
            variant=name,
            flags=[
                *variant.flags,
                *(f"seed: {words}" for words in seeds_set(infos, change.settled)),
            ],  # other literals add none
        )
        cells.append(Planned({factor: change.values[factor] for factor in change.given}, proposal))
    return cells


def _refuse_lacking(knobs: Knobs, factors: Iterable[str], name: str) -> None:
    refusals = [knobs.unknown_knob(factor) for factor in sorted(set(factors)) if not knobs.stands_for(factor)]
    if refusals:
        whose = f"Variant {name!r}: " if name else ""
        raise BadInputError(whose + "; ".join(refusal.problem for refusal in refusals), refusals[0].remedy)


def _shown(cells: Sequence[Planned], batch: SubmittedBatch, *, is_dry: bool) -> list[Cell]:
    if not is_dry and len(cells) > MAX_LAUNCHED_CELLS:
        return []
    return [
        Cell(id=", ".join(ids(replicates)), variant=cell.proposal.variant, knobs=json.loads(json.dumps(cell.values)))
        for cell, replicates in zip(cells[:MAX_PRICED_CELLS], batch.of_ideas, strict=False)
    ]
