"""The contract of a backend: what runs experiments, on this machine or elsewhere.

To add a backend, write three files and add two lines:

1. `backends/NAME/NAME_backend.py` with a subclass of `Backend`, or of `ClusterBackend` if the pool launches machines.
2. A settings class for its pools in `pool_settings.py`: a subclass of `PoolBase` with `backend: Literal["NAME"]`. Add it to
   `PoolSettings`; mypy then asks for a case in `backends/registry.py`, which makes the backend from the settings.
3. `tests/server/backends/NAME/test_NAME_backend.py` with a subclass of `labhand.testing.RunnerConformance`, or of
   `labhand.testing.BackendConformance` if no runner is started.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Self

from anyio import AsyncContextManagerMixin
from typing_extensions import override

from ...trainer.contract.run_result import RunResult
from ..domain import Cluster, Pool, Run


class Phase(StrEnum):
    """How far a run is.

    `finished`, `lost` and `returned` are final for the backend: it holds no slot for the run any more.
    """

    STARTING = "starting"
    """It was accepted, and no training step has been reported yet."""
    RUNNING = "running"
    """It trains."""
    EVALUATING = "evaluating"
    """Training has ended, and the evaluator scores the model."""
    FINISHED = "finished"
    """Its runner has written a result, which never changes from then on."""
    LOST = "lost"
    """No runner is left and none will write a result, or the run was never started."""
    RETURNED = "returned"
    """The backend could not start it. It may be queued again as if it had never been started."""


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A run that is to be started.

    Attributes:
        id: The run's name, such as `e0042-1`.
        folder: The run folder. If the backend needs folders, it holds `spec.json` and `source/`; the runner leaves
            `result.json` there.
        seed: The random seed, as in `spec.json`.
        budget_seconds: Seconds of training, as in `spec.json`.
        commit: The commit of the source. A backend without run folders tells sources apart by it.
        knobs: The values of the source's knobs, by name.
    """

    id: str
    folder: Path
    seed: int = 0
    budget_seconds: float = 0.0
    commit: str = ""
    knobs: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a backend knows of a run.

    Attributes:
        phase: How far the run is.
        result: The run's result; None unless the phase is `finished`.
        silent_seconds: Seconds since the run last gave a sign of life; 0 if that isn't known.
    """

    phase: Phase
    result: RunResult | None = None
    silent_seconds: float = 0.0


class Backend(AsyncContextManagerMixin, ABC):
    """A pool of slots, each of which runs one experiment at a time.

    A backend knows runs, not experiments. It is handed a folder that holds everything a run needs (docs/runs.md describes it),
    starts a runner on it, and reports what became of it. `labhand.testing` states this contract as tests.

    **Who calls what, and when.** A lab's dispatcher is the only process that enters a backend (`async with`), and it enters
    each backend once. While it is entered, the dispatcher calls `pool` every few seconds, `free` and `start` whenever
    experiments wait, `poll` several times a second for all runs that aren't over, and `cancel` once for each run that is to
    end. `labhand down` makes a second object of the same backend in another process and calls only
    `ClusterBackend.remaining`, without entering it. Tests do more: they enter two objects of one pool at the same time.

    **Processes.** All methods run on one event loop. A method must not block it: what takes longer than some milliseconds
    belongs in a thread (`anyio.to_thread`) or in a task that the backend starts when it is entered. Calls may overlap, since
    one can be awaited while another begins.

    **State.** A dispatcher may be killed at any moment, and the next one makes a new object. So a backend keeps nothing in
    memory that it can't read again: given the handles that `start` returned, a later process must get the same answers from
    `poll`. A handle must be JSON, and nobody but the backend reads it.

    **Errors.** The dispatcher expects `LabhandError` and `OSError` from `start`: the run is then lost, the pool rests for a
    while, and the error becomes the pool's note. All other methods report trouble in what they return, such as `Pool.note`;
    an exception from them makes the dispatcher pause and try again.

    Attributes:
        needs_folder: Whether the dispatcher must fill the run folder before it calls `start`.
        carries_weights: Whether a run can read weights that the dispatcher puts into its folder, such as the checkpoint that
            a continued experiment starts from.
    """

    needs_folder: ClassVar[bool] = True
    carries_weights: ClassVar[bool] = False

    @abstractmethod
    async def pool(self) -> Pool:
        """Return the pool as it is now: GPU, slots, price, and in `note` why it can't be used if it can't."""

    @abstractmethod
    async def free(self) -> int:
        """Return how many runs could be started now."""

    @abstractmethod
    async def start(self, spec: StartRequest) -> Mapping[str, Any]:
        """Start a detached runner, and return the handle by which any later process finds the run.

        Starting a run twice is harmless: the second runner sees the claim of the first and ends.

        Raises:
            NoCapacityError: All slots are taken, perhaps by another lab on the same machine. The run is queued again.
            LabhandError: The run can't be started here, such as a source that is too large to be sent.
            OSError: A file or process that the run needs is missing.
        """

    @abstractmethod
    async def poll(self, runs: Sequence[Run]) -> Mapping[str, RunReport]:
        """Return a report on each of the runs, by run id. A run that was never started is reported as lost."""

    @abstractmethod
    async def cancel(self, run: Run) -> None:
        """Ask a run to end, and return without waiting until it has.

        The run is reported as `finished` later, with a result whose status is `cancelled`. Cancelling a run twice, or one that
        is over or was never started, changes nothing.
        """

    def set_aside(self, slots: Set[int]) -> None:
        """Start nothing on these slots until the next call; what runs there goes on. Called before each call of `free`.

        Args:
            slots: As `start` named them in its handles, under `slot`. A backend whose handles name none may ignore this.
        """

    @override
    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        """Do background work between being entered and left, if the backend has any. The default has none.

        Override it as a generator that yields the backend once. Leaving releases what this process holds; runs go on.
        """
        yield self


class ClusterBackend(Backend):
    """A pool whose slots are on clusters that it launches and tears down, and that cost money while they are up.

    Such a backend launches clusters as the runs that were started need them, up to `Pool.most_clusters`, and tears idle ones
    down. The dispatcher asks `clusters` each time that it asks `pool`, writes the answer into the database, and calls `scale`
    when the number of clusters that the pool is to hold has changed, and once after it has been entered.
    """

    @abstractmethod
    async def clusters(self) -> Sequence[Cluster]:
        """Return the clusters that exist, and those that are gone, with the time at which they ended.

        A cluster may be left out of the answer only after it was reported as gone.

        Raises:
            LabhandError: The backend can't tell at the moment. The database then keeps what it had.
        """

    @abstractmethod
    async def remaining(self) -> Sequence[str]:
        """Return the names of the pool's clusters that the infrastructure itself knows of now.

        Unlike `clusters` this must not answer from records: it is the last check before a person is told that nothing of the
        lab is left running.

        Raises:
            LabhandError: The infrastructure can't be asked at the moment.
        """

    def check_commands(self) -> Sequence[str]:
        """Return the commands with which a person asks the infrastructure itself what is left; the default knows none."""
        return []

    @abstractmethod
    async def scale(self, clusters: int | None) -> None:
        """Hold this number of clusters, idle or not, until the next call.

        If there are more, those with the fewest runs are torn down first, and the runs on them are lost.

        Args:
            clusters: Number of clusters; None for as many as the queue needs, which is the default.

        Raises:
            LabhandError: The backend can't do so at the moment. The dispatcher tries again later.
        """
