"""The `simulated` backend: runs that take no time, with scores from a landscape and durations from a virtual clock.

A run is over as soon as it is started. Its handle holds the whole result, so nothing else is stored, and a run that is started
twice has the same result both times.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from typing_extensions import override

from ....trainer.contract.failures import FailureKind
from ....trainer.contract.run_result import EvaluatorIdentity, MeasuredDevice, RunFailure, RunResult
from ...domain import Direction, Pool, Run
from ...pool_settings import SimulatedPool
from ..base import Backend, Phase, RunReport, StartRequest
from .landscape import Landscape

STARTUP_SECONDS = 8.0
"""Virtual seconds before training begins."""
EVALUATION_SECONDS = 4.0
"""Virtual seconds after training has ended."""


class SimulatedBackend(Backend):
    """A pool of GPUs that don't exist.

    Args:
        name: The pool's name.
        settings: The pool's settings.
        direction: Whether the trainer's metric is minimized or maximized; scores have the opposite sign if it is maximized.
    """

    needs_folder = False

    def __init__(self, name: str, settings: SimulatedPool, direction: Direction = "minimize") -> None:
        self._name = name
        self._settings = settings
        self._sign = 1.0 if direction == "minimize" else -1.0
        self._landscape = Landscape(settings)
        landscape = settings.model_dump_json(exclude={"count", "usd_per_hour", "max_budget_seconds"})
        self._data = f"simulated-{sha256(landscape.encode()).hexdigest()[:8]}"

    @override
    async def pool(self) -> Pool:
        return Pool(
            name=self._name,
            backend="simulated",
            gpu=self._settings.gpu,
            clock="wall",
            slots=self._settings.count,
            usd_per_slot_hour=self._settings.usd_per_hour,
            as_of=time.time(),
        )

    @override
    async def free(self) -> int:
        return self._settings.count

    @override
    async def start(self, spec: StartRequest) -> Mapping[str, Any]:
        score = self._landscape.score(spec.knobs, spec.seed, spec.commit, spec.budget_seconds)
        return {"result": self._result(spec, None if score is None else self._sign * score).as_json()}

    def _result(self, request: StartRequest, score: float | None) -> RunResult:
        trained = request.budget_seconds if score is not None else request.budget_seconds / 2
        evaluated = EVALUATION_SECONDS if score is not None else 0.0
        held = STARTUP_SECONDS + trained + evaluated
        parts: Mapping[str, Any] = {
            "self_reported": False,
            "seconds": {"startup": STARTUP_SECONDS, "training": trained, "evaluation": evaluated, "held": held},
            "device": MeasuredDevice(self._settings.gpu),
            "evaluator": EvaluatorIdentity("simulated", self._data),
            "flags": ("simulated",),
        }
        if score is None:
            return RunResult.failed(request.id, _FAILURE, **parts)
        return RunResult.scored(request.id, score, **parts)

    @override
    async def poll(self, runs: Sequence[Run]) -> Mapping[str, RunReport]:
        return {run.id: _report(run) for run in runs}

    @override
    async def cancel(self, run: Run) -> None:
        """Do nothing: a run is over before it could be cancelled."""


def _report(run: Run) -> RunReport:
    if not run.handle:
        return RunReport(Phase.LOST)
    return RunReport(Phase.FINISHED, RunResult.read(run.handle["result"], run.id))


_FAILURE = RunFailure(
    FailureKind.CRASHED,
    "a simulated crash",
    next_step="Continue: a share of simulated runs fails, as `failures` in the pool's settings says",
)
