"""Submission: proposals become queued experiments in one transaction, or none of them does.

The database is consistent wherever the process dies. Commits that no experiment refers to are harmless. The git tags of
experiments are written before the transaction ends, so that every experiment has one; a tag of a transaction that failed is
overwritten by the experiment that gets its number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count, islice, repeat

from ...approval_settings import Approval
from ...domain import LAB, PRIORITIES, Experiment, Purpose, Status
from ...schemas.messages import LabLine
from ...settings import Allowance
from ...store import grids, sources
from ...store.database import Reader, Transaction
from ...store.experiments import cancellation, related, rows
from ...store.money import allowances, spending
from ...store.money.spending import Committed, total
from ...store.running import holds, settlement
from .. import allowance, proposals
from ..after_commit import complete
from ..approval.coverage import Coverage, find_coverage
from ..fleet import estimates
from ..fleet.launch_stratum import LaunchStratum, trainer_prefix
from ..lab import Lab
from ..literature.citing import save_citations
from ..proposals import UNCHANGED, ReferenceSources, SavedProposal, named
from ..status_line import lab_line
from . import idempotency
from .batch import OUTDATED, Batch, LaunchBlock, SubmittedBatch
from .duplicates import DuplicateIndex
from .idempotency import ALREADY, A


async def submit(lab: Lab, batch: Batch, kind: type[A], answer: Callable[[SubmittedBatch, LabLine | None], A]) -> A:
    """Queue a batch, with the replicates of the references that its settings lack, and wake the dispatcher.

    A dry run writes nothing.

    Args:
        lab: The lab.
        batch: What to queue.
        kind: The type of the answer.
        answer: Makes the answer from what was queued and the state of the lab. It is stored without that state, so that a
            repeated request gets the same answer with the state of then.

    Raises:
        AllowanceError: The batch costs more than the allowance has left, or than a person has approved.
        ConflictError: Its `request_id` was used for a different launch.
    """
    references = await proposals.reference_sources(lab)
    limits = lab.allowance()  # read once: nothing reads a file while it holds the database's write lock
    settings = lab.approval()
    if batch.options.dry_run:
        planned = await _plan(lab, lab.db, batch, references, limits, repeat(0))
        priced = replace(planned, coverage=await _coverage(lab.db, batch, planned, settings))
        return answer(priced, await lab_line(lab))
    async with lab.db.transaction() as tx:
        stored = await idempotency.first_answer(tx, batch.caller, batch.options)
        if stored is not None:
            return await complete(lab, idempotency.restore(kind, stored), ALREADY, wakes=False)
        outdated = await _cancel_outdated(lab, tx)
        planned = await _plan(lab, tx, batch, references, limits, count(await rows.last_used_number(tx) + 1))
        coverage = await _coverage(tx, batch, planned, settings)
        coverage.require()
        planned = replace(planned, outdated=outdated, coverage=coverage)
        launched = answer(await _write(lab, tx, batch, references, planned), None)
        await idempotency.keep_answer(tx, batch.caller, batch.options, launched)
        await allowances.save(tx, limits, time.time())
    return await complete(lab, launched, "Launched")


async def _cancel_outdated(lab: Lab, tx: Transaction) -> list[int]:
    """Cancel what is held after failures under an earlier version of the trainer, and return it: it has been mended since."""
    if outdated := await holds.held_in_other_settings(tx, trainer_prefix(lab)):
        await cancellation.ask_to_end(tx, outdated, OUTDATED)
        await settlement.cancel_queued(tx, time.time())
        await holds.drop_empty_holds(tx)
    return outdated


async def _plan(
    lab: Lab, reader: Reader, batch: Batch, references: ReferenceSources, limits: Allowance, numbers: Iterator[int]
) -> SubmittedBatch:
    committed = await spending.committed(reader, time.time())
    blocks: list[LaunchBlock] = []
    for place, setting in enumerate(batch.settings, 1):
        ideas_to_come = len(batch.ideas) * batch.options.replicates * (len(batch.settings) - place)
        room = _Room(limits, total([committed, *(block.wanted for block in blocks), Committed(ideas_to_come, 0.0, 0.0)]))
        blocks.append(await _block(lab, reader, batch, setting, references, numbers, room))
    submitted = SubmittedBatch(blocks)
    added = f"{submitted.added_replicates}, against which gains are measured" if submitted.added_replicates else ""
    allowance.check(limits, committed, total(block.wanted for block in blocks), added)
    for setting in batch.settings:
        allowance.refuse_unpriced(lab, limits, setting.gpu, is_priced=setting.is_priced)
    return submitted


async def _coverage(reader: Reader, batch: Batch, planned: SubmittedBatch, settings: Approval) -> Coverage:
    """Return the approved plan that a batch is part of, if it needs one."""
    wanted = total(block.wanted for block in planned.blocks)
    kinds = {setting.gpu for setting in batch.settings}
    return await find_coverage(reader, settings, wanted, kinds, planned.added_replicates)


@dataclass(frozen=True, slots=True)
class _Room:
    """What the allowance leaves to a block: its limits, and what is committed with the blocks before it."""

    limits: Allowance
    committed: Committed

    def replicates(self, fresh: int, missing: int, gpu_seconds: float, usd: float, *, needs_one: bool) -> int:
        """Return how many replicates of the references to add beside the new experiments; see `affordable_replicates`."""
        wanted, each = Committed(fresh, fresh * gpu_seconds, fresh * usd), Committed(1, gpu_seconds, usd)
        return allowance.affordable_replicates(self.limits, self.committed, wanted, each, missing, needs_one=needs_one)


async def _block(
    lab: Lab,
    reader: Reader,
    batch: Batch,
    setting: LaunchStratum,
    references: ReferenceSources,
    numbers: Iterator[int],
    room: _Room,
) -> LaunchBlock:
    trees = [idea.row.tree for idea in (*batch.ideas, *references.both)]
    duplicates = DuplicateIndex(
        await related.same_sources(reader, trees, setting.budget_seconds, setting.gpu), retry=batch.retry
    )
    each = await estimates.gpu_seconds_each(reader, setting, lab.trainer)
    fresh: list[Experiment] = []

    def find_or_draft(idea: SavedProposal, replicate: int) -> Experiment:
        experiment = duplicates.find(idea.row.tree, setting.seed(replicate))
        if experiment is None:
            experiment = _draft(batch, setting, idea, replicate, next(numbers), each)
            if idea.row.tree == references.baseline.row.tree:
                experiment = replace(experiment, purpose=Purpose.BASELINE)
            duplicates.add(experiment)
            fresh.append(experiment)
        return experiment

    replicates = [[find_or_draft(idea, replicate) for replicate in range(batch.options.replicates)] for idea in batch.ideas]
    missing = list(_missing_replicates(references, duplicates, setting))
    needs_one = duplicates.count(references.reference.row.tree) == 0
    runs = room.replicates(len(fresh), len(missing), each, estimates.usd(each, setting), needs_one=needs_one)
    added = [
        _of_the_lab(_draft(batch, setting, source, replicate, next(numbers), each), purpose)
        for purpose, source, replicate in missing[:runs]
    ]
    new = len(fresh) + len(added)
    ahead = await estimates.queue_ahead(reader, setting, batch.options.priority)
    return LaunchBlock(
        setting,
        replicates,
        fresh,
        baseline=[experiment for experiment in added if experiment.purpose is Purpose.BASELINE],
        champion=[experiment for experiment in added if experiment.purpose is Purpose.CHAMPION],
        missing=len(missing),
        estimate=await estimates.without_times_if_paused(reader, estimates.estimate(setting, each, new, ahead)),
        wanted=Committed(new, new * each, new * estimates.usd(each, setting)),
    )


async def _write(
    lab: Lab, tx: Transaction, batch: Batch, references: ReferenceSources, planned: SubmittedBatch
) -> SubmittedBatch:
    await sources.save_sources(tx, [idea.row for idea in (*batch.ideas, *references.both)])
    fresh, grid = planned.fresh, 0
    if batch.grid:
        grid = await grids.save_grid(tx, batch.grid)
        fresh = [replace(experiment, grid=grid) for experiment in fresh]
        await grids.save_reused_cells(tx, grid, planned.reused_cells(batch.ideas))
    new = [*fresh, *planned.baseline, *planned.champion]
    await rows.save_experiments(tx, [replace(experiment, plan=planned.coverage.plan) for experiment in new])
    await save_citations(tx, batch.options.papers, fresh)
    if new:
        # The proposals come last, because `git log` shows the last one.
        await lab.sources.tag(
            {experiment.id: experiment.commit for experiment in (*planned.baseline, *planned.champion, *fresh)}
        )
    return replace(planned, grid=grid)


def _missing_replicates(
    references: ReferenceSources, duplicates: DuplicateIndex, setting: LaunchStratum
) -> Iterator[tuple[Purpose, SavedProposal, int]]:
    """Yield the replicates of the references that a setting lacks, those of the reference of gains first."""
    for source, lacking in references.lacking(duplicates.count):
        purpose = Purpose.BASELINE if source is references.baseline else Purpose.CHAMPION
        free = (k for k in count() if duplicates.find(source.row.tree, setting.seed(k)) is None)
        for replicate in islice(free, lacking):
            yield purpose, source, replicate


def _draft(
    batch: Batch, setting: LaunchStratum, idea: SavedProposal, replicate: int, number: int, gpu_seconds: float
) -> Experiment:
    options = batch.options
    return Experiment(
        number=number,
        grid=None,
        variant=idea.variant,
        commit=idea.row.commit,
        tree=idea.row.tree,
        base=idea.base,
        purpose=Purpose.IDEA,
        hypothesis=options.hypothesis,
        theme=options.theme,
        changes=named(idea.variant, idea.row.changes or UNCHANGED),
        overrides=idea.overrides,
        launched_by=batch.caller,
        launched_at=time.time(),
        priority=PRIORITIES[options.priority],
        seed=setting.seed(replicate),
        replicate=replicate,
        setting=setting.name,
        gpu=setting.gpu,
        clock=setting.clock,
        budget_seconds=setting.budget_seconds,
        status=Status.QUEUED,
        attempts=0,
        gpu_seconds=gpu_seconds,
        usd=estimates.usd(gpu_seconds, setting),
        flags=idea.row.flags,
    )


def _of_the_lab(experiment: Experiment, purpose: Purpose) -> Experiment:
    """Return a replicate of the baseline or the champion. It runs first, because every verdict needs it."""
    return replace(
        experiment,
        purpose=purpose,
        hypothesis=f"How far the {purpose.value}'s score moves from seed to seed",
        theme=None,
        launched_by=LAB,
        priority=PRIORITIES["high"],
    )
