"""Submission: proposals become queued experiments in one transaction, or none of them does.

The database is consistent wherever the process dies. Commits that no experiment refers to are harmless. The git tags of
experiments are written before the transaction ends, so that every experiment has one; a tag of a transaction that failed is
overwritten by the experiment that gets its number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, islice, repeat

from ...domain import LAB, PRIORITIES, Experiment, Purpose, Status
from ...ids import id_ranges
from ...schemas.launch import Estimate, LaunchedBlock, LaunchOptions
from ...schemas.messages import LabLine
from ...settings import Allowance
from ...store import grids, sources
from ...store.database import Reader, Transaction
from ...store.experiments import cancellation, related, rows
from ...store.grids import NewGrid
from ...store.money import allowances, spending
from ...store.money.spending import Committed, total
from ...store.running import holds, settlement
from .. import allowance, proposals
from ..after_commit import complete
from ..fleet import estimates
from ..fleet.launch_stratum import LaunchStratum, trainer_prefix
from ..lab import Lab
from ..literature.citing import save_citations
from ..proposals import UNCHANGED, ReferenceSources, SavedProposal, named
from ..status_line import lab_line
from . import idempotency
from .duplicates import DuplicateIndex, ids, remark
from .idempotency import ALREADY, A

_OUTDATED = "held after failures under an earlier version of the trainer. Launch again to run it with this one"


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call launches.

    Attributes:
        ideas: The proposals; each runs in every setting.
        settings: One for each kind of GPU.
        retry: Run failed experiments again.
        grid: The grid whose cells the proposals are.
    """

    ideas: Sequence[SavedProposal]
    settings: Sequence[LaunchStratum]
    options: LaunchOptions
    caller: str
    retry: bool = False
    grid: NewGrid | None = None


@dataclass(frozen=True, slots=True)
class LaunchBlock:
    """The part of a batch that runs on one kind of GPU.

    Attributes:
        replicates: For each proposal its experiments k = 0, 1, …, new and earlier ones. In a dry run new ones have no number.
        fresh: The new experiments.
        baseline: Replicates of the baseline that the lab adds.
        champion: Replicates of the champion that the lab adds.
        missing: How many replicates of both the stratum lacks. The allowance may have room for fewer.
        wanted: What the new experiments cost, to be reserved.
    """

    setting: LaunchStratum
    replicates: Sequence[Sequence[Experiment]]
    fresh: Sequence[Experiment]
    baseline: Sequence[Experiment]
    champion: Sequence[Experiment]
    missing: int
    estimate: Estimate
    wanted: Committed

    @property
    def experiments(self) -> list[Experiment]:
        """The experiments of all proposals."""
        return [experiment for replicates in self.replicates for experiment in replicates]

    @property
    def earlier(self) -> list[Experiment]:
        """The experiments that existed before."""
        fresh = {experiment.number for experiment in self.fresh}
        return [experiment for experiment in self.experiments if experiment.number not in fresh]


@dataclass(frozen=True, slots=True)
class SubmittedBatch:
    """A batch with the experiments that it became.

    Attributes:
        blocks: One for each kind of GPU.
        grid: The number of the grid; 0 outside of grids, and in a dry run.
        outdated: Experiments that were held under the trainer as it was before, and are cancelled.
    """

    blocks: Sequence[LaunchBlock]
    grid: int = 0
    outdated: Sequence[int] = ()

    @property
    def experiments(self) -> list[Experiment]:
        """The experiments of all proposals."""
        return [experiment for block in self.blocks for experiment in block.experiments]

    @property
    def fresh(self) -> list[Experiment]:
        """The new experiments."""
        return [experiment for block in self.blocks for experiment in block.fresh]

    @property
    def baseline(self) -> list[Experiment]:
        """Replicates of the baseline that the lab adds."""
        return [experiment for block in self.blocks for experiment in block.baseline]

    @property
    def champion(self) -> list[Experiment]:
        """Replicates of the champion that the lab adds, where it has not run."""
        return [experiment for block in self.blocks for experiment in block.champion]

    @property
    def earlier(self) -> list[Experiment]:
        """The experiments that existed before."""
        return [experiment for block in self.blocks for experiment in block.earlier]

    def reused_cells(self, ideas: Sequence[SavedProposal]) -> dict[int, str]:
        """Return the experiments that existed before and that a grid's cells are, each with the name of its variant there."""
        earlier = {experiment.number for experiment in self.earlier}
        cells = zip(ideas, self.of_ideas, strict=True)
        return {
            experiment.number: idea.variant
            for idea, experiments in cells
            for experiment in experiments
            if experiment.number in earlier
        }

    @property
    def of_ideas(self) -> list[list[Experiment]]:
        """For each proposal its experiments, one kind of GPU after the other."""
        return [list(chain.from_iterable(parts)) for parts in zip(*(block.replicates for block in self.blocks), strict=True)]

    @property
    def gpu(self) -> str:
        """Its kinds of GPU, joined by commas."""
        return ", ".join(block.setting.gpu for block in self.blocks)

    @property
    def estimate(self) -> Estimate:
        """What all blocks cost together."""
        return estimates.together([block.estimate for block in self.blocks])

    @property
    def next(self) -> str:
        """What to do about the duplicates."""
        return remark(self.earlier)

    @property
    def added_replicates(self) -> str:
        """The replicates that the lab adds, in words; empty if there are none."""
        parts = [(len(self.baseline), "baseline"), (len(self.champion), "champion")]
        return " and ".join(f"{count} for replicates of the {name}" for count, name in parts if count)

    def note(self, *, is_dry: bool) -> str:
        """Return what to know of the replicates that the lab adds, and of what was held under an earlier trainer."""
        outdated = f"{', '.join(id_ranges(self.outdated))} are cancelled: {_OUTDATED}" if self.outdated else ""
        return ". ".join(filter(None, [self._note_on_replicates(is_dry=is_dry), outdated]))

    def _note_on_replicates(self, *, is_dry: bool) -> str:
        runs, missing = len(self.baseline) + len(self.champion), sum(block.missing for block in self.blocks)
        sources = "baseline" if not self.champion else "baseline and the champion" if self.baseline else "champion"
        if runs < missing:
            return (
                f"The allowance has room for {runs} of {missing} missing replicates of the {sources}: the noise between seeds"
                " is less well known, or unknown, and more verdicts are inconclusive"
            )
        of_all = (
            f"{runs} of the {len(self.fresh) + runs} experiments are replicates of the {sources}, which every verdict needs"
        )
        return of_all if is_dry and runs else ""

    def by_kind(self, replicates: int) -> list[LaunchedBlock]:
        """The part of the answer for each kind of GPU; none where there is only one."""
        return [_answer_of_block(block, replicates) for block in self.blocks] if len(self.blocks) > 1 else []


def _answer_of_block(block: LaunchBlock, replicates: int) -> LaunchedBlock:
    return LaunchedBlock(
        gpu=block.setting.gpu,
        experiments=ids(block.experiments),
        seeds=replicates,
        estimate=block.estimate,
        duplicates=ids(block.earlier),
        baseline=ids(block.baseline),
        champion=ids(block.champion),
    )


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
        AllowanceError: The batch costs more than the allowance has left.
        ConflictError: Its `request_id` was used for a different launch.
    """
    references = await proposals.reference_sources(lab)
    limits = lab.allowance()  # read once: nothing reads a file while it holds the database's write lock
    if batch.options.dry_run:
        return answer(await _plan(lab, lab.db, batch, references, limits, repeat(0)), await lab_line(lab))
    async with lab.db.transaction() as tx:
        stored = await idempotency.first_answer(tx, batch.caller, batch.options)
        if stored is not None:
            return await complete(lab, idempotency.restore(kind, stored), ALREADY, wakes=False)
        outdated = await _cancel_outdated(lab, tx)
        planned = await _plan(lab, tx, batch, references, limits, count(await rows.last_used_number(tx) + 1))
        launched = answer(await _write(lab, tx, batch, references, replace(planned, outdated=outdated)), None)
        await idempotency.keep_answer(tx, batch.caller, batch.options, launched)
        await allowances.save(tx, limits, time.time())
    return await complete(lab, launched, "Launched")


async def _cancel_outdated(lab: Lab, tx: Transaction) -> list[int]:
    """Cancel what is held after failures under an earlier version of the trainer, and return it: it has been mended since."""
    if outdated := await holds.held_in_other_settings(tx, trainer_prefix(lab)):
        await cancellation.ask_to_end(tx, outdated, _OUTDATED)
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
    await rows.save_experiments(tx, new)
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
