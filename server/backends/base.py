"""What every backend must do. `tests/server/backends/conformance.py` says the same as tests.

A backend knows runs, not experiments: it is given a folder that holds everything (see docs/runs.md), starts a runner on it,
and says what became of it. It keeps nothing in memory that it could not read again: another process, later, calls `poll`
with the handles that `start` gave and gets the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from ...trainer.contract.run_result import RunResult
from ..domain import Cluster, Pool, Run

Phase = Literal["starting", "running", "evaluating", "finished", "lost", "returned"]


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A run to be started.

    Attributes:
        id: `e0042-1`.
        folder: Holds `spec.json` and `source/`, where the backend needs it; the runner leaves `result.json` there.
        seed: As in `spec.json`; so is `budget_seconds`. A backend that needs no folder goes by these and what follows.
        commit: The source.
        knobs: Of the source.
    """

    id: str
    folder: Path
    seed: int = 0
    budget_seconds: float = 0.0
    commit: str = ""
    knobs: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class RunReport:
    """What is known of a run.

    Attributes:
        phase: `finished` means that `result` is final and the slot is free; `lost` that no runner is left and none will write;
            `returned` that the backend could start none, and the run may be queued again as if it had never been taken.
        result: The run's result, where it is `finished`; None otherwise.
        silent_seconds: Since the run last gave a sign of life.
    """

    phase: Phase
    result: RunResult | None = None
    silent_seconds: float = 0.0


class Backend(Protocol):
    """A pool of slots.

    Attributes:
        needs_folder: The run folder must be filled before a run is started.
        carries_weights: Weights that lie in the folder are there where the run is.
    """

    needs_folder: bool = True
    carries_weights: bool = False

    async def pool(self) -> Pool:
        """The pool as it stands now: kind, slots, price, and why it can't be used if it can't."""
        ...

    async def free(self) -> int:
        """How many runs could start now."""
        ...

    async def start(self, spec: StartRequest) -> Mapping[str, Any]:
        """Start a runner, detached, and give the handle by which any process finds it again.

        Starting one run twice is harmless: the second runner sees the first one's claim and leaves.

        Raises:
            NoCapacityError: Every slot is taken, also by another lab on the same machine.
        """
        ...

    async def poll(self, runs: Sequence[Run]) -> Mapping[str, RunReport]:
        """What is known of each run, by id. A run that was never started is `lost`."""
        ...

    async def cancel(self, run: Run) -> None:
        """Ask a run to end. It still reports `finished`, with a result that says cancelled. Twice is no error."""
        ...

    async def clusters(self) -> Sequence[Cluster]:
        """The clusters that it holds, and those that are gone since it was last asked; none where machines aren't hired.

        Raises:
            LabhandError: It can't tell at the moment.
        """
        return ()

    async def remaining(self) -> Sequence[str]:
        """The names of its clusters that the infrastructure knows of now: asked afresh, not read from what was written down.

        Raises:
            LabhandError: It can't tell at the moment.
        """
        return [cluster.name for cluster in await self.clusters() if cluster.status != "gone"]

    async def scale(self, clusters: int | None) -> None:  # noqa: ARG002  where machines aren't hired
        """Hold so many clusters, idle or not, until told otherwise. Those with the least to run are given up first.

        What runs on a cluster that is given up is lost.

        Args:
            clusters: None for as many as the queue needs.
        """
        return

    async def __aenter__(self) -> Self:
        """Take up what goes on beside."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Let go of what this process holds; runs go on."""
        return None
