"""Duplicates: experiments with the same source, seed, budget and kind of GPU. Only one of them runs, whoever launches it."""

from __future__ import annotations

from collections.abc import Iterable

from ...domain import NOT_OF_THE_SOURCE, PENDING, Experiment, Status
from ...ids import id_ranges
from ...schemas.launch import Launch

_COUNTS = PENDING | {Status.SUCCEEDED}
"""Statuses of experiments that always make a duplicate needless."""
_FAILED = frozenset({Status.FAILED, Status.STOPPED})
"""Failures that the source didn't cause: the experiment may succeed when it runs again."""


class DuplicateIndex:
    """Experiments of one budget and one kind of GPU that needn't run again, by source and seed.

    It includes experiments that failed because of their source, unless the caller asks for a retry: they would fail again. It
    doesn't include experiments that were cancelled or lost with their machine.
    """

    def __init__(self, earlier: Iterable[Experiment], *, retry: bool) -> None:
        reusable = (experiment for experiment in earlier if _is_reusable(experiment, retry=retry))
        self._by_source_and_seed: dict[tuple[str, int], Experiment] = {}
        for experiment in sorted(reusable, key=lambda experiment: experiment.status in _COUNTS):
            self.add(experiment)

    def add(self, experiment: Experiment) -> None:
        """Add an experiment. It replaces an earlier one with the same source and seed."""
        self._by_source_and_seed[experiment.tree, experiment.seed] = experiment

    def find(self, tree: str, seed: int) -> Experiment | None:
        """Return the experiment with this source and seed; None if it has to run."""
        return self._by_source_and_seed.get((tree, seed))

    def count(self, tree: str) -> int:
        """Return the number of seeds with which a source needn't run again."""
        return sum(1 for source, _ in self._by_source_and_seed if source == tree)


def remark(earlier: Iterable[Experiment]) -> str:
    """Return what a caller has to know about duplicates that failed or are being cancelled; empty if there are none."""
    remarks = {
        experiment.id: f"{experiment.id} {experiment.status} before and was not run again: {_retry(experiment).as_call()} does"
        for experiment in earlier
        if experiment.status in _FAILED
    } | {
        experiment.id: f"{experiment.id} is being cancelled: launch it again when it has ended"
        for experiment in earlier
        if experiment.status in PENDING and experiment.cancel_reason is not None
    }
    first = next(iter(remarks.values()), "")
    return f"{first} ({len(remarks) - 1} more like it)" if len(remarks) > 1 else first


def _retry(experiment: Experiment) -> Launch:
    """Return the launch that runs a failed experiment again, with all seeds up to its own."""
    return Launch(
        base=experiment.id,
        retry=True,
        replicates=experiment.replicate + 1,
        budget_seconds=experiment.budget_seconds,
        gpu=experiment.gpu,
        hypothesis=f"{experiment.id} succeeds when it runs again",
    )


def _is_reusable(experiment: Experiment, *, retry: bool) -> bool:
    if experiment.status in _FAILED:
        return not retry and (experiment.failed is None or experiment.failed.kind not in NOT_OF_THE_SOURCE)
    return experiment.status in _COUNTS


def ids(experiments: Iterable[Experiment]) -> list[str]:
    """Return experiments as ranges of ids, without those that have no number."""
    return id_ranges(experiment.number for experiment in experiments if experiment.number)
