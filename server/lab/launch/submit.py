"""Submission: proposals become queued experiments in one transaction, or none of them does.

The database is consistent wherever the process dies. Commits that no experiment refers to are harmless. The git tags of
experiments are written before the transaction ends, so that every experiment has one; a tag of a transaction that failed is
overwritten by the experiment that gets its number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, islice, repeat

from ...domain import LAB, PRIORITIES, Experiment, Purpose, Status
from ...ids import id_ranges
from ...schemas.launch import Estimate, LaunchedBlock, LaunchOptions
from ...schemas.messages import LabLine
from ...settings import Allowance
from ...store import grids, sources
from ...store.database import Reader, Transaction
from ...store.experiments import related, rows
from ...store.grids import NewGrid
from ...store.money import allowances, spending
from ...store.money.spending import Committed, total
from .. import allowance, proposals
from ..fleet import estimates
from ..fleet.launch_stratum import LaunchStratum
from ..lab import Lab
from ..proposals import UNCHANGED, ReferenceSources, SavedProposal, named
from ..status_line import lab_line
from . import idempotency
from .duplicates import DuplicateIndex, remark
from .idempotency import A


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
        wanted: What the new experiments cost, to be reserved.
    """

    setting: LaunchStratum
    replicates: Sequence[Sequence[Experiment]]
    fresh: Sequence[Experiment]
    baseline: Sequence[Experiment]
    champion: Sequence[Experiment]
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
    """

    blocks: Sequence[LaunchBlock]
    grid: int = 0

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
        """What to do about the duplicates, and in a dry run what the lab would add."""
        remarks = [remark(self.earlier)]
        would_add = [
            f"{count} {'run' if count == 1 else 'runs'} of the {source}"
            for source, added in (("baseline", self.baseline), ("champion", self.champion))
            if (count := sum(not experiment.number for experiment in added))
        ]
        if would_add:
            remarks.append(
                f"The lab would add {' and '.join(would_add)}, from which the noise between seeds and the reference are"
                " measured; the estimate includes them."
            )
        return " ".join(filter(None, remarks))

    def seeds(self, replicates: int) -> list[int]:
        """The seeds of so many replicates; none where there are several kinds of GPU, which have different seeds."""
        return _seeds(self.blocks[0].setting, replicates) if len(self.blocks) == 1 else []

    def by_kind(self, replicates: int) -> list[LaunchedBlock]:
        """The part of the answer for each kind of GPU; none where there is only one."""
        return [_answer_of_block(block, replicates) for block in self.blocks] if len(self.blocks) > 1 else []


def _answer_of_block(block: LaunchBlock, replicates: int) -> LaunchedBlock:
    return LaunchedBlock(
        gpu=block.setting.gpu,
        experiments=ids(block.experiments),
        seeds=_seeds(block.setting, replicates),
        estimate=block.estimate,
        duplicates=ids(block.earlier),
        baseline=ids(block.baseline),
        champion=ids(block.champion),
    )


def _seeds(setting: LaunchStratum, replicates: int) -> list[int]:
    return [setting.seed(replicate) for replicate in range(replicates)]


def ids(experiments: Iterable[Experiment]) -> list[str]:
    """Return experiments as ranges of ids, without those that have no number."""
    return id_ranges(experiment.number for experiment in experiments if experiment.number)


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
            return idempotency.restore(kind, stored, await lab_line(lab))
        planned = await _plan(lab, tx, batch, references, limits, count(await rows.newest_number(tx) + 1))
        submitted = await _write(lab, tx, batch, references, planned)
        await idempotency.keep_answer(tx, batch.caller, batch.options, answer(submitted, None))
        await allowances.save(tx, limits, time.time())
    lab.wake_dispatcher()
    return answer(submitted, await lab_line(lab))


async def _plan(
    lab: Lab, reader: Reader, batch: Batch, references: ReferenceSources, limits: Allowance, numbers: Iterator[int]
) -> SubmittedBatch:
    blocks = [await _block(lab, reader, batch, setting, references, numbers) for setting in batch.settings]
    allowance.check(limits, await spending.committed(reader, time.time()), total(block.wanted for block in blocks))
    for setting in batch.settings:
        allowance.refuse_unpriced(lab, limits, setting.gpu, is_priced=setting.is_priced)
    return SubmittedBatch(blocks)


async def _block(
    lab: Lab, reader: Reader, batch: Batch, setting: LaunchStratum, references: ReferenceSources, numbers: Iterator[int]
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
    added = {Purpose.BASELINE: list[Experiment](), Purpose.CHAMPION: list[Experiment]()}
    for source, lacking in references.lacking(duplicates.count):
        purpose = Purpose.BASELINE if source is references.baseline else Purpose.CHAMPION
        for replicate in _free_replicates(duplicates, source, setting, lacking):
            added[purpose].append(_of_the_lab(_draft(batch, setting, source, replicate, next(numbers), each), purpose))
    new = len(fresh) + sum(map(len, added.values()))
    ahead = await estimates.queue_ahead(reader, setting, batch.options.priority)
    estimate = estimates.estimate(setting, each, new, ahead)
    wanted = Committed(new, new * each, new * estimates.usd(each, setting))
    return LaunchBlock(setting, replicates, fresh, added[Purpose.BASELINE], added[Purpose.CHAMPION], estimate, wanted)


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
    if new:
        # The proposals come last, because `git log` shows the last one.
        await lab.sources.tag(
            {experiment.id: experiment.commit for experiment in (*planned.baseline, *planned.champion, *fresh)}
        )
    return replace(planned, grid=grid)


def _free_replicates(duplicates: DuplicateIndex, source: SavedProposal, setting: LaunchStratum, wanted: int) -> Iterator[int]:
    """Return the first replicates of a source, so many as are wanted, that haven't run in a setting."""
    return islice((k for k in count() if duplicates.find(source.row.tree, setting.seed(k)) is None), wanted)


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
