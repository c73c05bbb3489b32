"""Runs that take no time: what they score is told by a landscape, and what they held by a virtual clock.

A run is over as soon as it is started. Its handle holds the whole result, so that nothing else is kept, and a run that is
started twice ends alike.
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
from ...settings import SimulatedPool
from ..base import Backend, RunReport, StartRequest
from .landscape import Landscape

STARTUP_SECONDS = 8.0
EVALUATION_SECONDS = 4.0


class SimulatedBackend(Backend):
    """A pool of GPUs that aren't there.

    Args:
        name: Of the pool.
        settings: Of the pool.
        direction: Which way the trainer's metric is better; the landscape is turned over to go with it.
    """

    needs_folder = False

    def __init__(self, name: str, settings: SimulatedPool, direction: Direction = "minimize") -> None:
        self._name = name
        self._settings = settings
        self._sign = 1.0 if direction == "minimize" else -1.0
        self._landscape = Landscape(settings)
        told = settings.model_dump_json(exclude={"count", "usd_per_hour", "max_budget_seconds"})
        self._data = f"simulated-{sha256(told.encode()).hexdigest()[:8]}"

    @override
    async def pool(self) -> Pool:
        return Pool(
            name=self._name,
            backend="simulated",
            gpu=self._settings.gpu,
            clock="wall",
            slots=self._settings.count,
            usd_per_hour=self._settings.usd_per_hour,
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
        return (
            RunResult.failed(request.id, _FAILURE, **parts) if score is None else RunResult.scored(request.id, score, **parts)
        )

    @override
    async def poll(self, runs: Sequence[Run]) -> Mapping[str, RunReport]:
        return {run.id: _report(run) for run in runs}

    @override
    async def cancel(self, run: Run) -> None:
        """Nothing to do: a run is over before anyone can ask."""


def _report(run: Run) -> RunReport:
    return RunReport("finished", RunResult.read(run.handle["result"], run.id)) if run.handle else RunReport("lost")


_FAILURE = RunFailure(
    FailureKind.CRASHED,
    "a simulated crash",
    next_step="Go on: a share of simulated runs fails, as `failures` in the pool's settings says",
)
