"""Twins: experiments with the same source, seed, budget and kind of device. One is run, whoever launches it."""

from __future__ import annotations

from collections.abc import Iterable

from ...domain import PENDING, Experiment, Failure, Status

_STANDS = PENDING | {Status.SUCCEEDED}
_FAILED = frozenset({Status.FAILED, Status.STOPPED})
_NOT_THE_SOURCE = frozenset({Failure.LOST_MACHINE})


class DuplicateIndex:
    """Experiments of one budget on one kind of device that needn't be run again, found by source and seed.

    What failed by its own fault would fail again: it stands too, unless the caller asks for a retry. What was cancelled, or
    lost with its machine, doesn't.
    """

    def __init__(self, earlier: Iterable[Experiment], *, retry: bool) -> None:
        barring = (experiment for experiment in earlier if _bars(experiment, retry=retry))
        self._found: dict[tuple[str, int], Experiment] = {}
        for experiment in sorted(barring, key=lambda experiment: experiment.status in _STANDS):
            self.add(experiment)

    def add(self, experiment: Experiment) -> None:
        """Remember an experiment."""
        self._found[experiment.tree, experiment.seed] = experiment

    def find(self, tree: str, seed: int) -> Experiment | None:
        """The experiment that makes another one needless."""
        return self._found.get((tree, seed))

    def count(self, tree: str) -> int:
        """With how many seeds a source stands."""
        return sum(1 for known, _ in self._found if known == tree)


def remark(earlier: Iterable[Experiment]) -> str:
    """What a caller has to know of the experiments that it is given instead of new ones; empty for nothing."""
    told = {
        experiment.id: f"{experiment.id} {experiment.status} before and was not run again: launch_experiment(retry=True) does"
        for experiment in earlier
        if experiment.status in _FAILED
    } | {
        experiment.id: f"{experiment.id} is being cancelled: launch it again when it has ended"
        for experiment in earlier
        if experiment.status in PENDING and experiment.cancel_reason is not None
    }
    first = next(iter(told.values()), "")
    return f"{first} ({len(told) - 1} more like it)" if len(told) > 1 else first


def _bars(experiment: Experiment, *, retry: bool) -> bool:
    if experiment.status in _FAILED:
        return not retry and (experiment.failed is None or experiment.failed.kind not in _NOT_THE_SOURCE)
    return experiment.status in _STANDS
