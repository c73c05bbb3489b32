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

from ...domain import Direction, Failure, Pool, Run, Status
from ...settings import SimulatedPool
from ..base import Backend, Phase, RunReport, RunSpec
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
    async def start(self, spec: RunSpec) -> Mapping[str, Any]:
        score = self._landscape.score(spec.knobs, spec.seed, spec.commit, spec.budget_seconds)
        return {"result": self._result(spec, None if score is None else self._sign * score)}

    def _result(self, spec: RunSpec, score: float | None) -> Mapping[str, Any]:
        trained = spec.budget_seconds if score is not None else spec.budget_seconds / 2
        evaluated = EVALUATION_SECONDS if score is not None else 0.0
        return {
            "run": spec.id,
            "status": Status.SUCCEEDED if score is not None else Status.FAILED,
            "score": score,
            "self_reported": False,
            "failure": _FAILURE if score is None else None,
            "seconds": {
                "startup": STARTUP_SECONDS,
                "training": trained,
                "evaluation": evaluated,
                "held": STARTUP_SECONDS + trained + evaluated,
            },
            "measures": {},
            "device": {"kind": self._settings.gpu},
            "evaluator": {"version": "simulated", "data": self._data},
            "flags": ["simulated"],
        }

    @override
    async def poll(self, runs: Sequence[Run]) -> Mapping[str, RunReport]:
        return {
            run.id: RunReport(Phase.FINISHED, run.handle["result"]) if run.handle else RunReport(Phase.LOST) for run in runs
        }

    @override
    async def cancel(self, run: Run) -> None:
        """Nothing to do: a run is over before anyone can ask."""


_FAILURE: Mapping[str, Any] = {
    "kind": Failure.CRASHED,
    "message": "a simulated crash",
    "lines": [],
    "next_step": "Go on: a share of simulated runs fails, as `failures` in the pool's settings says",
}
