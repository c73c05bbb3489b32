"""What one call launches, and the experiments that it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from ...domain import Experiment
from ...ids import id_ranges, plan_id
from ...schemas.launch import Estimate, LaunchedBlock, LaunchOptions
from ...store.grids import NewGrid
from ...store.money.spending import Committed
from ..approval.coverage import COVERED, Coverage
from ..fleet import estimates
from ..fleet.launch_stratum import LaunchStratum
from ..proposals import SavedProposal
from .duplicates import ids, remark

OUTDATED = "held after failures under an earlier version of the trainer. Launch again to run it with this one"
"""Why experiments are cancelled that were held under the trainer as it was before."""


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
        coverage: The approved plan that it is part of.
    """

    blocks: Sequence[LaunchBlock]
    grid: int = 0
    outdated: Sequence[int] = ()
    coverage: Coverage = COVERED

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
    def plan(self) -> str:
        """The id of the approved plan that it is part of; empty outside of plans."""
        return plan_id(self.coverage.plan) if self.coverage.plan is not None else ""

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
        outdated = f"{', '.join(id_ranges(self.outdated))} are cancelled: {OUTDATED}" if self.outdated else ""
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
