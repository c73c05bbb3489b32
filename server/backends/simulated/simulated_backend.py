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

from ...domain import Direction, Failure, Pool, Run, Status
from ...settings import SimulatedPool
from ..base import Backend, Phase, RunReport, RunSpec
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
        """Do nothing: a run is over before it could be cancelled."""


_FAILURE: Mapping[str, Any] = {
    "kind": Failure.CRASHED,
    "message": "a simulated crash",
    "lines": [],
    "next_step": "Go on: a share of simulated runs fails, as `failures` in the pool's settings says",
}
