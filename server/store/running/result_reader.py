"""Translates a run's result into the outcome of its experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ....trainer.contract.run_result import RunFailure, RunResult
from ...domain import Clock, FailureDetail, Status

_IN_COLUMNS = frozenset({"run", "status", "score", "failure"})


class RunRequest(Protocol):
    """What was requested of a run: an attempt or an experiment has it."""

    @property
    def setting(self) -> str:
        """The setting, as in `domain.Experiment`."""
        ...

    @property
    def budget_seconds(self) -> float:
        """The budget of training, in seconds."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock that the budget is measured by."""
        ...


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """The outcome that a result stands for.

    Attributes:
        score: None unless measured.
        failed: None unless the run failed.
        facts: The facts of the stratum; empty without a score.
        useful_seconds: Seconds of training, without those of a shorter run that it went on from; 0 without a score.
        details: The fields of the result that have no column of their own in the experiment's row.
    """

    status: Status
    score: float | None = None
    failed: FailureDetail | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    useful_seconds: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])


def read(result: RunResult, request: RunRequest) -> RunOutcome:
    """Returns the outcome that a result means for the experiment that was requested."""
    return RunOutcome(
        status=Status(result.status),
        score=result.score,
        failed=None if result.failure is None else _failed(result.failure),
        facts={} if result.score is None else _facts(result, request),
        useful_seconds=0.0 if result.score is None else _own_training_seconds(result),
        details={name: value for name, value in result.as_json().items() if name not in _IN_COLUMNS},
    )


def _own_training_seconds(result: RunResult) -> float:
    """Returns the seconds of training without a shorter run's: a slot was held for those on account of another experiment."""
    return max(0.0, result.training_seconds - float(result.seconds.get("extended_wall") or 0.0))


def _failed(failure: RunFailure) -> FailureDetail:
    return FailureDetail(failure.kind, failure.message, failure.lines, failure.next_step)


def _facts(result: RunResult, request: RunRequest) -> dict[str, Any]:
    """Returns the facts that two scores must share to be comparable: some were requested, others measured.

    The kind of GPU is recorded as both: a pool that promises an H100 may have some of another form factor.
    """
    evaluator = result.evaluator
    trainer, _, place = request.setting.partition("/")
    requested_gpu = place.rpartition("/")[0]
    # Left out if it equals the measured kind, as in labhand 0.1: so the strata of existing labs continue.
    other_gpu = {} if requested_gpu == result.device.kind else {"gpu": requested_gpu}
    # Left out if the runner's own interpreter runs the command, for the same reason.
    environment = {} if result.device.environment is None else {"environment": result.device.environment}
    # Left out if it is in seconds: then it is budget_seconds.
    budget = {} if result.budget is None else {"budget": result.budget}
    return (
        other_gpu
        | environment
        | budget
        | {
            "trainer": trainer,
            "evaluator": None if evaluator is None else evaluator.version,
            "data": None if evaluator is None else evaluator.data,
            "budget_seconds": request.budget_seconds,
            "clock": request.clock,
            "device": result.device.kind,
            "torch": result.device.torch,
            "driver": result.device.driver,
            "self_reported": bool(result.self_reported),
        }
    )
