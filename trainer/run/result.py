"""What a run came to, gathered as it goes, so that a run that fails half-way still says what it used."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..contract.trainer_file import Metric
from .classify import Failure


@dataclass
class Result:
    """`result.json` in the making; docs/runs.md has the meaning of each part.

    Attributes:
        held_from: Since when it holds its device, by the monotonic clock: its claim, or None while another run has it.
        score: None unless measured.
        weights_of: The run that has trained, where it wasn't this one.
        seconds: `startup`, `training`, `training_wall` and `evaluation`, as far as the run came.
    """

    run: str
    held_from: float | None
    metric: Metric | None = None
    score: float | None = None
    failure: Failure | None = None
    cancelled: bool = False
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    measures: dict[str, float] = field(default_factory=dict[str, float])
    claimed: dict[str, float] = field(default_factory=dict[str, float])
    device: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    evaluator: dict[str, Any] | None = None
    sandbox: dict[str, Any] = field(default_factory=lambda: {"files": "none", "network": "none"})
    flags: list[str] = field(default_factory=list[str])
    weights_of: str | None = None
    closed: float | None = None

    def take_over(self, trained: Mapping[str, Any]) -> None:
        """Another run has trained the weights: what that took is told here too."""
        self.weights_of = str(trained["run"])
        self.seconds |= {name: value for name, value in trained["seconds"].items() if name not in {"evaluation", "held"}}
        self.measures |= trained["measures"]

    def close(self) -> None:
        """What the run does from now on doesn't count for it any more."""
        self.closed = time.monotonic()

    @property
    def status(self) -> str:
        """`succeeded`, `failed` or `cancelled`."""
        if self.cancelled:
            return "cancelled"
        return "succeeded" if self.failure is None and self.score is not None else "failed"

    def has_device(self) -> None:
        """From now on the run holds its device, if it didn't before."""
        if self.held_from is None:
            self.held_from = time.monotonic()

    def as_json(self) -> dict[str, Any]:
        """The whole of it as it stands now."""
        held = 0.0 if self.held_from is None else (self.closed or time.monotonic()) - self.held_from
        return {
            "run": self.run,
            "status": self.status,
            "score": self.score if self.status == "succeeded" else None,
            "metric": self.metric.name if self.metric else None,
            "self_reported": self.metric.self_reported if self.metric else None,
            "failure": self.failure.as_json() if self.failure else None,
            "seconds": {name: round(value, 3) for name, value in (self.seconds | {"held": held}).items()},
            "measures": self.measures,
            "claimed": self.claimed,
            "device": self.device,
            "evaluator": self.evaluator,
            "sandbox": self.sandbox,
            "flags": self.flags,
            "weights_of": self.weights_of,
        }
