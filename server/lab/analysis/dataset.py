"""The experiments on which an analysis rests: those of one stratum. The others are left out and counted, with the reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ...domain import NOT_OF_THE_SOURCE, PENDING, Metric, Status, Stratum
from ...errors import BadInputError
from ...ids import id_ranges
from ...research.guards import is_broken, values_of
from ...research.noise import Moderated, Noise, moderate, pooled
from ...research.tpe import TrialRecord
from ...schemas.monitor import WaitQuery
from ...store.comparison.strata import all_strata
from ...store.experiments import stats
from ...store.experiments.filter import Filter
from ...store.experiments.trials import TriedExperiment, older_baseline, trials
from ..lab import Lab
from ..results.experiment_rows import stratum_id
from ..selection import kind_named, select
from .code_digest import Baseline, CodeDigest, codes

"""Failures that tell nothing about the source."""
MAX_EXPERIMENTS = 3000
"""The newest experiments that an analysis rests on: its time must not grow with the age of the lab."""
MAX_OLDER_BASELINE = 100
"""Replicates of the baseline that are added if they are older than that."""
MAX_NAMED_IDS = 5
"""How many ids an error repeats."""


@dataclass(frozen=True)
class Evidence:
    """Experiments whose scores compare.

    Attributes:
        stratum: The stratum of all experiments in `scored`.
        scored: The scored experiments of the stratum, by number.
        failed: Experiments in the same settings that failed through their own fault, including stopped ones.
        everything: All experiments that the caller asked for, whatever their state.
        strata: All strata of the lab, by number.
        codes: The code of the scored and failed experiments, by tree.
        metric: The metric of the scores.
        older: How many of the experiments that the caller asked for are left out because they are older than the newest
            `MAX_EXPERIMENTS`.
    """

    stratum: Stratum
    scored: Sequence[TriedExperiment]
    failed: Sequence[TriedExperiment]
    everything: Sequence[TriedExperiment]
    strata: Mapping[int, Stratum]
    codes: Mapping[str, CodeDigest]
    metric: Metric
    older: int = 0

    @cached_property
    def arms(self) -> Mapping[str, Sequence[TriedExperiment]]:
        """The scored replicates of each source, by tree."""
        return group_by_tree(self.scored)

    @cached_property
    def noise(self) -> Noise | None:
        """The stratum's noise between seeds if it is known, otherwise pooled over these sources. None without replicates."""
        if self.stratum.noise is not None:
            return Noise(self.stratum.noise, self.stratum.degrees)
        return pooled(self.scores.values())

    @cached_property
    def moderated(self) -> Moderated | None:
        """The moderated noise of each source, in the order of `arms`."""
        return moderate(list(self.scores.values()))

    @cached_property
    def scores(self) -> Mapping[str, Sequence[float]]:
        """The scores of each source, by tree."""
        return {
            tree: [experiment.score for experiment in arm if experiment.score is not None] for tree, arm in self.arms.items()
        }

    @cached_property
    def main_code(self) -> str:
        """The digest of the code on which most of the scored experiments ran."""
        return Counter(self.code_of(experiment) for experiment in self.scored).most_common(1)[0][0]

    def code_of(self, experiment: TriedExperiment) -> str:
        """Return the digest of the code of a scored or failed experiment."""
        return self.codes[experiment.tree].digest

    @property
    def pending_ids(self) -> list[str]:
        """The unfinished experiments that the caller asked for, as ranges."""
        return _pending_ids(self.everything)

    def left_out(self, shown: Iterable[TriedExperiment] | None = None) -> list[str]:
        """Return how many of the requested experiments are not among those shown, by reason: `2 failed (out_of_memory)`.

        Args:
            shown: By default the scored experiments.
        """
        numbers = {experiment.number for experiment in (self.scored if shown is None else shown)}
        reasons = Counter(_reason(experiment) for experiment in self.everything if experiment.number not in numbers)
        older = [f"{self.older} older than the newest {MAX_EXPERIMENTS:,}"] if self.older else []
        return [*older, *(f"{count} {reason}" for reason, count in reasons.most_common())]


async def gather_evidence(lab: Lab, ids: Sequence[str] | None, gpu: str | None = None) -> Evidence:
    """Return the evidence of experiments.

    It rests on the newest `MAX_EXPERIMENTS` of them. Without ids and GPU, the stratum is the one in which most was scored
    lately. Otherwise it is the one with the most scores among the experiments.

    Args:
        lab: The lab.
        ids: Experiments, grids, ranges; None for all.
        gpu: Only experiments that asked for this kind of device.

    Raises:
        BadInputError: None of them is scored, or a text is not an id.
        NotFoundError: An id doesn't exist.
    """
    selected = await select(lab, ids) if ids else Filter()
    tried = await trials(lab.db, replace(selected, gpu=await kind_named(lab, gpu)), MAX_EXPERIMENTS)
    everything = tried.newest
    strata = await all_strata(lab.db)
    number = await stats.main_stratum(lab.db) if not ids and gpu is None else _most_frequent_stratum(everything)
    scored = [experiment for experiment in everything if experiment.score is not None and experiment.stratum == number]
    if number is None or number not in strata or not scored:
        named = f"None of the experiments {', '.join(ids[:MAX_NAMED_IDS])} has" if ids else "No experiment has"
        pending = _pending_ids(everything)
        remedy = (
            f"Call {WaitQuery(ids=pending).as_call()}" if pending else "Launch something with launch_experiment or launch_grid"
        )
        raise BadInputError(f"{named} a score yet{f' on {gpu}' if gpu else ''}", remedy)
    settings = {experiment.setting for experiment in scored}
    if tried.older and not ids:  # the baseline may have run before the newest experiments only
        older = await older_baseline(lab.db, scored[-1].setting, everything[0].number, MAX_OLDER_BASELINE)
        everything = [*older, *everything]
        scored = [
            *(experiment for experiment in older if experiment.score is not None and experiment.stratum == number),
            *scored,
        ]
    failed = [experiment for experiment in everything if experiment.setting in settings and failed_by_own_fault(experiment)]
    code_by_tree = await codes(lab, await Baseline.of(lab), [*scored, *failed])
    return Evidence(strata[number], scored, failed, everything, strata, code_by_tree, lab.trainer.metric, tried.older)


def _most_frequent_stratum(experiments: Iterable[TriedExperiment]) -> int | None:
    counts = Counter(experiment.stratum for experiment in experiments if experiment.score is not None)
    return max(counts, key=lambda number: (counts[number], number or 0), default=None)


def failed_by_own_fault(experiment: TriedExperiment) -> bool:
    """Return whether the source is the reason for the missing score: not a machine, the evaluator, or a cancellation."""
    if experiment.status is Status.STOPPED:
        return True
    return experiment.failure is not None and experiment.failure not in NOT_OF_THE_SOURCE


def group_by_tree(experiments: Iterable[TriedExperiment]) -> dict[str, list[TriedExperiment]]:
    """Return the replicates of each source, by tree."""
    arms: defaultdict[str, list[TriedExperiment]] = defaultdict(list)
    for experiment in experiments:
        arms[experiment.tree].append(experiment)
    return dict(arms)


def trial_records(
    experiments: Iterable[TriedExperiment], stratum: int | None, codes: Mapping[str, CodeDigest], metric: Metric
) -> list[TrialRecord]:
    """Return experiments as the optimiser reads them, each in the context of its code.

    Left out are scores of other strata, and experiments that ended without a score through no fault of their own. One that
    breaks a guard counts as failed: its score must not draw the optimiser to it.

    Args:
        experiments: Experiments in one setting.
        stratum: The stratum whose scores count.
        codes: The code of each experiment, by tree.
        metric: The metric that experiments are judged by, with its guards.
    """
    records: list[TrialRecord] = []
    for experiment in experiments:
        context = codes[experiment.tree].digest
        if experiment.score is not None:
            if experiment.stratum == stratum and is_broken(metric, values_of(metric, experiment.score, experiment.metrics)):
                records.append(TrialRecord(experiment.knobs, "failed", context=context))
            elif experiment.stratum == stratum:
                records.append(TrialRecord(experiment.knobs, "scored", experiment.score, context))
        elif experiment.status in PENDING:
            records.append(TrialRecord(experiment.knobs, "pending", context=context))
        elif failed_by_own_fault(experiment):
            records.append(TrialRecord(experiment.knobs, "failed", context=context))
    return records


def _pending_ids(experiments: Iterable[TriedExperiment]) -> list[str]:
    return id_ranges(experiment.number for experiment in experiments if experiment.status in PENDING)[:MAX_NAMED_IDS]


def _reason(experiment: TriedExperiment) -> str:
    """Return why an experiment is left out."""
    if experiment.is_out_of_range:
        return "with a score that is out of range"
    if experiment.score is not None:
        return f"in another stratum, {stratum_id(experiment.stratum or 0)}, whose scores don't compare"
    if experiment.status in PENDING:
        return "not finished"
    return f"failed ({experiment.failure})" if experiment.failure else str(experiment.status)
