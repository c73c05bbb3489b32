"""The ledger: ideas become queued experiments in one transaction, or nothing does.

Whatever instruction a process dies at, the ledger is whole. Commits that no experiment names are harmless. The names of
experiments are written to git before the transaction ends, so that an experiment always has one; a name that was written in
vain is overwritten by the experiment that gets the number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, islice, repeat
from typing import Any, TypeVar

from ...domain import LAB, PRIORITIES, Experiment, Status, id_ranges
from ...research.policy import baseline_replicates
from ...schemas.launch import Estimate, LaunchedBlock, LaunchOptions
from ...schemas.messages import Answer
from ...store.database import Reader, Transaction
from ...store.experiments import launches
from ...store.experiments.launches import NewGrid
from ...store.money import allowances, spending
from ...store.money.spending import Committed, total
from .. import allowance, proposals
from ..fleet import estimates
from ..fleet.launch_stratum import LaunchStratum
from ..lab import Lab
from ..proposals import UNCHANGED, KeptProposal
from . import idempotency
from .duplicates import DuplicateIndex, remark

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call launches.

    Attributes:
        ideas: Each runs in every setting.
        settings: One for each kind of device.
        retry: Run again what failed.
        grid: The grid whose cells the ideas are.
    """

    ideas: Sequence[KeptProposal]
    settings: Sequence[LaunchStratum]
    options: LaunchOptions
    caller: str
    retry: bool = False
    grid: NewGrid | None = None


@dataclass(frozen=True, slots=True)
class LaunchBlock:
    """What a batch comes to on one kind of device.

    Attributes:
        replicates: For each idea its experiments, k = 0, 1, …, new and earlier ones. New ones have no number in a dry run.
        fresh: The new ones.
        baseline: Replicates of the baseline that the lab adds.
        wanted: What it adds to what is reserved.
    """

    setting: LaunchStratum
    replicates: Sequence[Sequence[Experiment]]
    fresh: Sequence[Experiment]
    baseline: Sequence[Experiment]
    estimate: Estimate
    wanted: Committed

    @property
    def experiments(self) -> list[Experiment]:
        """All of its ideas' experiments."""
        return [experiment for replicates in self.replicates for experiment in replicates]

    @property
    def earlier(self) -> list[Experiment]:
        """Those that existed before."""
        fresh = {experiment.number for experiment in self.fresh}
        return [experiment for experiment in self.experiments if experiment.number not in fresh]


@dataclass(frozen=True, slots=True)
class SubmittedBatch:
    """How a batch stands in the ledger.

    Attributes:
        blocks: One for each kind of device.
        grid: Its number; 0 where nothing is new, and in a dry run.
    """

    blocks: Sequence[LaunchBlock]
    grid: int = 0

    @property
    def experiments(self) -> list[Experiment]:
        """All of its ideas' experiments."""
        return [experiment for block in self.blocks for experiment in block.experiments]

    @property
    def fresh(self) -> list[Experiment]:
        """The new ones."""
        return [experiment for block in self.blocks for experiment in block.fresh]

    @property
    def baseline(self) -> list[Experiment]:
        """Replicates of the baseline that the lab adds."""
        return [experiment for block in self.blocks for experiment in block.baseline]

    @property
    def earlier(self) -> list[Experiment]:
        """Those that existed before."""
        return [experiment for block in self.blocks for experiment in block.earlier]

    @property
    def of_ideas(self) -> list[list[Experiment]]:
        """For each idea its experiments, kind by kind."""
        return [list(chain.from_iterable(parts)) for parts in zip(*(block.replicates for block in self.blocks), strict=True)]

    def told(self, replicates: int) -> dict[str, Any]:
        """What every launch answers of its experiments; where it is on several kinds, of each of them, too."""
        told = _told(self.experiments, self.earlier, self.baseline)
        several = len(self.blocks) > 1
        return {
            **told,
            "gpu": ", ".join(block.setting.gpu for block in self.blocks),
            "seeds": [] if several else _seeds(self.blocks[0].setting, replicates),
            "estimate": estimates.together([block.estimate for block in self.blocks]),
            "blocks": [_told_of_block(block, replicates) for block in self.blocks] if several else [],
            "next": remark(self.earlier),
        }


def _told(experiments: Iterable[Experiment], earlier: Iterable[Experiment], baseline: Iterable[Experiment]) -> dict[str, Any]:
    return {"experiments": ids(experiments), "duplicates": ids(earlier), "baseline": ids(baseline)}


def _told_of_block(block: LaunchBlock, replicates: int) -> LaunchedBlock:
    told = _told(block.experiments, block.earlier, block.baseline)
    return LaunchedBlock(gpu=block.setting.gpu, seeds=_seeds(block.setting, replicates), estimate=block.estimate, **told)


def _seeds(setting: LaunchStratum, replicates: int) -> list[int]:
    return [setting.seed(replicate) for replicate in range(replicates)]


def ids(experiments: Iterable[Experiment]) -> list[str]:
    """Experiments as ranges, those that have a number."""
    return id_ranges(experiment.number for experiment in experiments if experiment.number)


async def enter(lab: Lab, batch: Batch, kind: type[A], answer: Callable[[SubmittedBatch], A]) -> A:
    """Queue a batch, with the baseline replicates that its settings lack, and have it run. A dry run writes nothing.

    Args:
        lab: The lab.
        batch: What to queue.
        kind: Of the answer.
        answer: Says what the caller is told; kept with the batch, so that a repeated request is told the same.

    Raises:
        AllowanceError: It doesn't fit what the person allowed.
        ConflictError: Its `request_id` was used for something else.
    """
    baseline = await proposals.baseline(lab)
    if batch.options.dry_run:
        return answer(await _plan(lab, lab.db, batch, baseline, repeat(0)))
    async with lab.db.transaction() as tx:
        if told := await idempotency.first_answer(tx, batch.caller, batch.options, kind):
            return told
        entry = await _plan(lab, tx, batch, baseline, count(await launches.newest(tx) + 1))
        told = answer(await _write(lab, tx, batch, baseline, entry))
        await idempotency.keep_answer(tx, batch.caller, batch.options, told)
        await allowances.save(tx, lab.allowance(), time.time())
    lab.wake_dispatcher()
    return told


async def _plan(lab: Lab, reader: Reader, batch: Batch, baseline: KeptProposal, numbers: Iterator[int]) -> SubmittedBatch:
    blocks = [await _block(lab, reader, batch, setting, baseline, numbers) for setting in batch.settings]
    allowance.check(lab.allowance(), await spending.committed(reader, time.time()), total(block.wanted for block in blocks))
    for setting in batch.settings:
        allowance.refuse_unpriced(lab, setting.gpu, is_priced=setting.is_priced)
    return SubmittedBatch(blocks)


async def _block(
    lab: Lab, reader: Reader, batch: Batch, setting: LaunchStratum, baseline: KeptProposal, numbers: Iterator[int]
) -> LaunchBlock:
    trees = [idea.kept.tree for idea in (*batch.ideas, baseline)]
    twins = DuplicateIndex(await launches.same_sources(reader, trees, setting.budget_seconds, setting.gpu), retry=batch.retry)
    each = await estimates.gpu_seconds_each(reader, setting, lab.trainer)
    fresh: list[Experiment] = []

    def stand(idea: KeptProposal, replicate: int) -> Experiment:
        experiment = twins.find(idea.kept.tree, setting.seed(replicate))
        if experiment is None:
            experiment = _draft(batch, setting, idea, replicate, next(numbers), each)
            if idea.kept.tree == baseline.kept.tree:
                experiment = replace(experiment, purpose="baseline")
            twins.add(experiment)
            fresh.append(experiment)
        return experiment

    replicates = [[stand(idea, replicate) for replicate in range(batch.options.replicates)] for idea in batch.ideas]
    added = [
        _of_the_lab(_draft(batch, setting, baseline, replicate, next(numbers), each))
        for replicate in _missing_baseline(twins, baseline, setting)
    ]
    new = len(fresh) + len(added)
    estimate = estimates.estimate(setting, each, new, await launches.ahead(reader, setting.gpu))
    wanted = Committed(new, new * each, new * estimates.usd(each, setting))
    return LaunchBlock(setting, replicates, fresh, added, estimate, wanted)


async def _write(lab: Lab, tx: Transaction, batch: Batch, baseline: KeptProposal, entry: SubmittedBatch) -> SubmittedBatch:
    await launches.save_sources(tx, [idea.kept for idea in (*batch.ideas, baseline)])
    fresh, grid = entry.fresh, 0
    if batch.grid and fresh:
        grid = await launches.save_grid(tx, batch.grid)
        fresh = [replace(experiment, grid=grid) for experiment in fresh]
    new = [*fresh, *entry.baseline]
    await launches.save_experiments(tx, new)
    if new:
        # The idea comes last: that is what a plain `git log` shows.
        await lab.sources.tag({experiment.id: experiment.commit for experiment in (*entry.baseline, *fresh)})
    return replace(entry, grid=grid)


def _missing_baseline(twins: DuplicateIndex, baseline: KeptProposal, setting: LaunchStratum) -> Iterator[int]:
    """Which replicates of the baseline a setting lacks."""
    missing = baseline_replicates(twins.count(baseline.kept.tree))
    return islice((k for k in count() if twins.find(baseline.kept.tree, setting.seed(k)) is None), missing)


def _draft(
    batch: Batch, setting: LaunchStratum, idea: KeptProposal, replicate: int, number: int, gpu_seconds: float
) -> Experiment:
    options = batch.options
    return Experiment(
        number=number,
        grid=None,
        variant=idea.variant,
        commit=idea.kept.commit,
        tree=idea.kept.tree,
        base=idea.base,
        purpose="idea",
        hypothesis=options.hypothesis,
        theme=options.theme,
        changes=idea.kept.changes or UNCHANGED,
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
        flags=idea.kept.flags,
    )


def _of_the_lab(experiment: Experiment) -> Experiment:
    """A replicate of the baseline. It goes first: every verdict needs it."""
    return replace(
        experiment,
        purpose="baseline",
        hypothesis="How far the baseline's score moves from seed to seed",
        theme=None,
        launched_by=LAB,
        priority=PRIORITIES["high"],
    )
