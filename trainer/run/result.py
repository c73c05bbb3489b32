"""A run's result while it is gathered, so that a run that fails half-way still reports what it used."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from ..contract.run_result import EvaluatorIdentity, MeasuredDevice, RunFailure, RunResult, RunStatus
from ..contract.run_spec import TrainedWeights
from ..contract.trainer_toml.metric import Metric


@dataclass
class ResultDraft:
    """What becomes a `RunResult`, which documents the fields that aren't listed here.

    Attributes:
        held_from: Since when the run holds its device, by the monotonic clock: its claim, or None while another run has it.
        cancelled: Someone asked the runner to end.
        closed: When the run stopped counting for the result, by the monotonic clock; None while it counts.
    """

    run: str
    held_from: float | None
    metric: Metric | None = None
    score: float | None = None
    failure: RunFailure | None = None
    cancelled: bool = False
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    measures: dict[str, float] = field(default_factory=dict[str, float])
    claimed: dict[str, float] = field(default_factory=dict[str, float])
    metrics: dict[str, float | None] = field(default_factory=dict[str, "float | None"])
    device: MeasuredDevice = field(default_factory=MeasuredDevice)
    evaluator: EvaluatorIdentity | None = None
    sandbox: dict[str, Any] = field(default_factory=lambda: {"files": "none", "network": "none"})
    flags: list[str] = field(default_factory=list[str])
    weights_of: str | None = None
    budget: str | None = None
    output: str | None = None
    resumed_from: str | None = None
    closed: float | None = None

    def take_over(self, trained: TrainedWeights) -> None:
        """Another run has trained the weights: include what that took."""
        self.weights_of = trained.run
        self.seconds |= {name: value for name, value in trained.seconds.items() if name not in {"evaluation", "held"}}
        self.measures |= trained.measures
        self.metrics |= trained.metrics

    def close(self) -> None:
        """From now on, what the run does doesn't count for its result."""
        self.closed = time.monotonic()

    @property
    def status(self) -> RunStatus:
        """How the run ended, as far as is known now."""
        if self.cancelled:
            return "cancelled"
        return "succeeded" if self.failure is None and self.score is not None else "failed"

    def has_device(self) -> None:
        """From now on the run holds its device, if it didn't before."""
        if self.held_from is None:
            self.held_from = time.monotonic()

    def finish(self) -> RunResult:
        """The result as it stands now."""
        held = 0.0 if self.held_from is None else (self.closed or time.monotonic()) - self.held_from
        return RunResult(
            run=self.run,
            status=self.status,
            score=self.score if self.status == "succeeded" else None,
            metric=self.metric.name if self.metric else None,
            self_reported=self.metric.self_reported if self.metric else None,
            failure=self.failure,
            seconds={name: round(value, 3) for name, value in (self.seconds | {"held": held}).items()},
            measures=self.measures,
            claimed=self.claimed,
            metrics=self.metrics,
            device=self.device,
            evaluator=self.evaluator,
            sandbox=self.sandbox,
            flags=tuple(self.flags),
            weights_of=self.weights_of,
            budget=self.budget,
            output=self.output,
            resumed_from=self.resumed_from,
        )
