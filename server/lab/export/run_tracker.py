"""What experiments are exported to, one run each: a contract, and the loop over the lab that goes by it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from anyio import to_thread

from ..lab import Lab
from .exported_run import ExportedRun, exported_runs

NAMESPACE = "labhand"
"""What the facts of an experiment stand under, beside its knobs."""
CURVE = "train_loss"
"""The name of the training curve."""


class SavedAs(StrEnum):
    """What exporting an experiment came to."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class RunTracker(ABC):
    """A place with one run for each experiment. A second export updates what has changed, and adds nothing twice."""

    @abstractmethod
    def save(self, run: ExportedRun) -> SavedAs:
        """Add an experiment, update it if it has changed, or leave it.

        An export that is killed leaves at most one incomplete run, which the next export completes or writes again.

        Raises:
            UnavailableError: The place can't be reached, or refuses.
        """

    def close(self) -> None:  # noqa: B027 - most have nothing to close
        """End the export."""


async def track_runs(lab: Lab, tracker: RunTracker) -> Mapping[SavedAs, int]:
    """Export every finished experiment. Returns how many were added, updated and left."""
    counts: Counter[SavedAs] = Counter()
    try:
        async for block in exported_runs(lab):
            counts.update(await to_thread.run_sync(_save_all, tracker, block))
    finally:
        await to_thread.run_sync(tracker.close)
    return counts


def _save_all(tracker: RunTracker, runs: Sequence[ExportedRun]) -> list[SavedAs]:
    return [tracker.save(run) for run in runs]


def config_of(run: ExportedRun) -> dict[str, Any]:
    """Return the knobs with, under `NAMESPACE`, the facts of the experiment and of its stratum."""
    return {**run.knobs, NAMESPACE: {**run.facts, "stratum_facts": dict(run.stratum_facts)}}


def values_of(run: ExportedRun) -> dict[str, float]:
    """Return all numbers that came of a run, by name: what it measured, its metrics, its cost, and its score."""
    score = {} if run.score is None else {run.metric: run.score}
    gain = {} if run.gain is None else {"gain": run.gain}
    return {**run.measures, **run.metrics, "gpu_seconds": run.gpu_seconds, "usd": run.usd, **gain, **score}
