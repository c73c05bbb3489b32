"""What a run's result means for its experiment, in the lab's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ....trainer.contract.run_result import RunFailure, RunResult
from ...domain import Clock, FailureDetail, Status

_IN_COLUMNS = frozenset({"run", "status", "score", "failure"})


class RunRequest(Protocol):
    """What a run was asked for: an attempt, or an experiment."""

    @property
    def setting(self) -> str:
        """As `domain.Experiment` has it."""
        ...

    @property
    def budget_seconds(self) -> float:
        """Of training."""
        ...

    @property
    def clock(self) -> Clock:
        """What the budget counts."""
        ...


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a result means.

    Attributes:
        score: None unless measured.
        facts: Of the stratum; they mean something where there is a score.
        useful_seconds: Of training, where a score came of it.
        kept: What the experiment's row keeps of the result beside its columns.
    """

    status: Status
    score: float | None = None
    failed: FailureDetail | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    useful_seconds: float = 0.0
    kept: Mapping[str, Any] = field(default_factory=dict[str, Any])


def read(result: RunResult, request: RunRequest) -> RunOutcome:
    """What a result means for the experiment that was asked for."""
    return RunOutcome(
        status=Status(result.status),
        score=result.score,
        failed=None if result.failure is None else _failed(result.failure),
        facts={} if result.score is None else _facts(result, request),
        useful_seconds=0.0 if result.score is None else result.training_seconds,
        kept={name: value for name, value in result.as_json().items() if name not in _IN_COLUMNS},
    )


def _failed(failure: RunFailure) -> FailureDetail:
    return FailureDetail(failure.kind, failure.message, failure.lines, failure.next_step)


def _facts(result: RunResult, request: RunRequest) -> dict[str, Any]:
    """What makes a score comparable: what was asked for, and what was measured.

    The kind of GPU is both: a pool that is asked for an H100 may have some of another form factor.
    """
    evaluator = result.evaluator
    trainer, _, place = request.setting.partition("/")
    asked = place.rpartition("/")[0]
    # Where both are one name it stands once, as labhand 0.1 wrote it: those strata go on.
    named = {} if asked == result.device.kind else {"gpu": asked}
    return named | {
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
