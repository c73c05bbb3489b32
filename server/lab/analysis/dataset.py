"""What an analysis rests on: the experiments of one stratum, and those that are left out, with why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ...domain import PENDING, Failure, Status, Stratum
from ...errors import BadInputError
from ...research.noise import Moderated, Noise, moderate, pooled
from ...research.tpe import TrialRecord
from ...store.experiments import pages, stats
from ...store.experiments.pages import Filter
from ...store.experiments.trials import TriedExperiment, trials
from ..lab import Lab
from ..results.experiment_rows import stratum_id
from ..selection import select
from .code_digest import Baseline, CodeDigest, codes

_NOT_THE_SOURCE = frozenset({Failure.LOST_MACHINE, Failure.NO_CAPACITY})


@dataclass(frozen=True)
class Evidence:
    """Experiments that compare.

    Attributes:
        stratum: In which all of `scored` are.
        scored: In the order of their numbers.
        failed: By their own fault, in the settings of those; stopped ones among them.
        everything: What was asked for, whatever became of it.
        strata: All that the lab has.
        codes: Of the scored and the failed, by tree.
    """

    stratum: Stratum
    scored: Sequence[TriedExperiment]
    failed: Sequence[TriedExperiment]
    everything: Sequence[TriedExperiment]
    strata: Mapping[int, Stratum]
    codes: Mapping[str, CodeDigest]

    @cached_property
    def arms(self) -> Mapping[str, Sequence[TriedExperiment]]:
        """The replicates of each source, by tree."""
        return by_tree(self.scored)

    @cached_property
    def noise(self) -> Noise | None:
        """Between seeds, pooled over all sources; None unless one has two scores. The stratum's own where it is known."""
        if self.stratum.noise is not None:
            return Noise(self.stratum.noise, self.stratum.degrees)
        return pooled(self.scores.values())

    @cached_property
    def moderated(self) -> Moderated | None:
        """Between seeds, source by source, in the order of `arms`."""
        return moderate(list(self.scores.values()))

    @cached_property
    def scores(self) -> Mapping[str, Sequence[float]]:
        """The scores of each source, by tree."""
        return {tree: [one.score for one in arm if one.score is not None] for tree, arm in self.arms.items()}

    @cached_property
    def main_code(self) -> str:
        """The digest of the code that most of the scored ran on."""
        return Counter(self.code_of(one) for one in self.scored).most_common(1)[0][0]

    def code_of(self, one: TriedExperiment) -> str:
        """The digest of an experiment's code; one of the scored or the failed."""
        return self.codes[one.tree].digest

    def left_out(self, shown: Iterable[TriedExperiment] | None = None) -> list[str]:
        """How many of the experiments asked for aren't among those shown, by default the scored ones, and why."""
        here = {one.number for one in (self.scored if shown is None else shown)}
        why = Counter(_why(one) for one in self.everything if one.number not in here)
        return [f"{count} {reason}" for reason, count in why.most_common()]


async def gather(lab: Lab, ids: Sequence[str] | None, gpu: str | None = None) -> Evidence:
    """The evidence of the experiments named, or of all: those of the stratum with the most, or with the most lately.

    Args:
        lab: The lab.
        ids: Experiments, grids, ranges; None for all.
        gpu: Only those that asked for this kind of device.

    Raises:
        BadInputError: None of them is scored, or an id is none.
        NotFoundError: There is no such experiment.
    """
    everything = await trials(lab.db, replace(Filter() if ids is None else await select(lab, ids), gpu=gpu))
    strata = await pages.strata(lab.db)
    if ids is None and gpu is None:
        chosen = await stats.main_stratum(lab.db)
    else:
        counts = Counter(one.stratum for one in everything if one.score is not None)
        chosen = max(counts, key=lambda number: (counts[number], number or 0), default=None)
    if chosen is None or chosen not in strata:
        of = ("Nothing" if ids is None else f"None of {', '.join(ids[:5])}") + (f" on {gpu}" if gpu else "")
        raise BadInputError(
            f"{of} is scored yet",
            "wait() tells when something is; launch_experiment or launch_grid starts something",
        )
    scored = [one for one in everything if one.score is not None and one.stratum == chosen]
    settings = {one.setting for one in scored}
    failed = [one for one in everything if one.setting in settings and by_its_own_fault(one)]
    known = await codes(lab, await Baseline.of(lab), [*scored, *failed])
    return Evidence(strata[chosen], scored, failed, everything, strata, known)


def by_its_own_fault(one: TriedExperiment) -> bool:
    """Whether an experiment gave no score because of what it is: a lost machine and a cancellation say nothing of it."""
    return one.status is Status.STOPPED or (one.failure is not None and one.failure not in _NOT_THE_SOURCE)


def by_tree(experiments: Iterable[TriedExperiment]) -> dict[str, list[TriedExperiment]]:
    """Replicates together."""
    arms: defaultdict[str, list[TriedExperiment]] = defaultdict(list)
    for one in experiments:
        arms[one.tree].append(one)
    return dict(arms)


def entries(experiments: Iterable[TriedExperiment], stratum: int | None, codes: Mapping[str, CodeDigest]) -> list[TrialRecord]:
    """Experiments as the optimiser sees them, each in the context of its code; what says nothing is left out.

    Args:
        experiments: Of one setting.
        stratum: Whose scores count.
        codes: Of their trees.
    """
    told: list[TrialRecord] = []
    for one in experiments:
        context = codes[one.tree].digest
        if one.score is not None:
            told += [TrialRecord(one.knobs, "scored", one.score, context)] if one.stratum == stratum else []
        elif one.status in PENDING:
            told.append(TrialRecord(one.knobs, "pending", context=context))
        elif by_its_own_fault(one):
            told.append(TrialRecord(one.knobs, "failed", context=context))
    return told


def _why(one: TriedExperiment) -> str:
    if one.score is not None:
        return f"in another stratum, {stratum_id(one.stratum or 0)}, whose scores don't compare"
    if one.status in PENDING:
        return "not finished"
    return f"failed ({one.failure})" if one.failure else str(one.status)
