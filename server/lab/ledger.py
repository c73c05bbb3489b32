"""The ledger: ideas become queued experiments in one transaction, or nothing does.

Whatever instruction a process dies at, the ledger is whole. Commits that no experiment names are harmless. The names of
experiments are written to git before the transaction ends, so that an experiment always has one; a name that was written in
vain is overwritten by the experiment that gets the number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice, repeat
from typing import TypeVar

from ..answers import Answer, Estimate
from ..domain import LAB, PRIORITIES, Experiment, Status, id_ranges
from ..requests import LaunchOptions
from ..research.policy import baseline_replicates
from ..store import allowances, launches
from ..store.database import Reader, Transaction
from ..store.launches import Committed, NewGrid
from . import allowance, estimates, ideas, repeats
from .ideas import UNCHANGED, Idea
from .lab import Lab
from .setting import Setting
from .twins import Twins, remark

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call launches.

    Attributes:
        retry: Run again what failed.
        grid: The grid whose cells the ideas are.
    """

    ideas: Sequence[Idea]
    setting: Setting
    options: LaunchOptions
    caller: str
    retry: bool = False
    grid: NewGrid | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """How a batch stands in the ledger.

    Attributes:
        replicates: For each idea its experiments, k = 0, 1, …, new and earlier ones. New ones have no number in a dry run.
        fresh: The new ones.
        baseline: Replicates of the baseline that the lab adds.
        grid: Its number; 0 where nothing is new, and in a dry run.
    """

    replicates: Sequence[Sequence[Experiment]]
    fresh: Sequence[Experiment]
    baseline: Sequence[Experiment]
    estimate: Estimate
    grid: int = 0

    @property
    def ids(self) -> list[str]:
        """All its experiments, as ranges."""
        return ids(self._all())

    @property
    def duplicates(self) -> list[str]:
        """Those that existed before, as ranges."""
        return ids(self._earlier())

    @property
    def remark(self) -> str:
        """What the caller has to know of the duplicates."""
        return remark(self._earlier())

    def _earlier(self) -> list[Experiment]:
        fresh = {experiment.number for experiment in self.fresh}
        return [experiment for experiment in self._all() if experiment.number not in fresh]

    def _all(self) -> Iterator[Experiment]:
        return (experiment for replicates in self.replicates for experiment in replicates)


def ids(experiments: Iterable[Experiment]) -> list[str]:
    """Experiments as ranges, those that have a number."""
    return id_ranges(experiment.number for experiment in experiments if experiment.number)


async def enter(lab: Lab, batch: Batch, kind: type[A], answer: Callable[[Entry], A]) -> A:
    """Queue a batch, with the baseline replicates that its setting lacks, and have it run. A dry run writes nothing.

    Args:
        lab: The lab.
        batch: What to queue.
        kind: Of the answer.
        answer: Says what the caller is told; kept with the batch, so that a repeated request is told the same.

    Raises:
        AllowanceError: It doesn't fit what the person allowed.
        ConflictError: Its `request_id` was used for something else.
    """
    baseline = await ideas.baseline(lab)
    if batch.options.dry_run:
        return answer(await _plan(lab, lab.db, batch, baseline, repeat(0)))
    async with lab.db.transaction() as tx:
        if told := await repeats.first_answer(tx, batch.caller, batch.options, kind):
            return told
        entry = await _plan(lab, tx, batch, baseline, count(await launches.newest(tx) + 1))
        told = answer(await _write(lab, tx, batch, baseline, entry))
        await repeats.keep_answer(tx, batch.caller, batch.options, told)
        await allowances.keep(tx, lab.allowance(), time.time())
    lab.wake_dispatcher()
    return told


async def _plan(lab: Lab, reader: Reader, batch: Batch, baseline: Idea, numbers: Iterator[int]) -> Entry:
    setting = batch.setting
    trees = [idea.kept.tree for idea in (*batch.ideas, baseline)]
    twins = Twins(await launches.like(reader, trees, setting.budget_seconds, setting.gpu), retry=batch.retry)
    each = await estimates.gpu_seconds_each(reader, setting, lab.trainer)
    fresh: list[Experiment] = []

    def stand(idea: Idea, replicate: int) -> Experiment:
        experiment = twins.find(idea.kept.tree, setting.seed(replicate))
        if experiment is None:
            experiment = _draft(batch, idea, replicate, next(numbers), each)
            if idea.kept.tree == baseline.kept.tree:
                experiment = replace(experiment, purpose="baseline")
            twins.add(experiment)
            fresh.append(experiment)
        return experiment

    replicates = [[stand(idea, replicate) for replicate in range(batch.options.replicates)] for idea in batch.ideas]
    added = [
        _of_the_lab(_draft(batch, baseline, replicate, next(numbers), each))
        for replicate in _missing_baseline(twins, baseline, setting)
    ]
    new = len(fresh) + len(added)
    estimate = estimates.estimate(setting, each, new, await launches.ahead(reader, setting.gpu))
    wanted = Committed(new, new * each, new * estimates.usd(each, setting))
    allowance.check(lab.allowance(), await launches.committed(reader), wanted)
    return Entry(replicates, fresh, added, estimate)


async def _write(lab: Lab, tx: Transaction, batch: Batch, baseline: Idea, entry: Entry) -> Entry:
    await launches.keep_sources(tx, [idea.kept for idea in (*batch.ideas, baseline)])
    fresh, grid = entry.fresh, 0
    if batch.grid and fresh:
        grid = await launches.keep_grid(tx, batch.grid)
        fresh = [replace(experiment, grid=grid) for experiment in fresh]
    new = [*fresh, *entry.baseline]
    await launches.keep_experiments(tx, new)
    if new:
        # The idea comes last: that is what a plain `git log` shows.
        await lab.sources.tag({experiment.id: experiment.commit for experiment in (*entry.baseline, *fresh)})
    return replace(entry, grid=grid)


def _missing_baseline(twins: Twins, baseline: Idea, setting: Setting) -> Iterator[int]:
    """Which replicates of the baseline a setting lacks."""
    missing = baseline_replicates(twins.count(baseline.kept.tree))
    return islice((k for k in count() if twins.find(baseline.kept.tree, setting.seed(k)) is None), missing)


def _draft(batch: Batch, idea: Idea, replicate: int, number: int, gpu_seconds: float) -> Experiment:
    setting, options = batch.setting, batch.options
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
