"""What a runner's `result.json` says, in the lab's words. It was written beside an experiment: nothing is taken for granted."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from ..domain import Clock, Failure, FailureDetail, Status

LONGEST, MOST_LINES = 2000, 50
"""Characters, and lines, of what a failure says: they come from the experiment."""
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
    """What a result says.

    Attributes:
        score: None unless measured.
        facts: Of the stratum; they mean something where there is a score.
        useful_seconds: Of training, where a score came of it.
        kept: The rest of it.
    """

    status: Status
    score: float | None = None
    failed: FailureDetail | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    useful_seconds: float = 0.0
    kept: Mapping[str, Any] = field(default_factory=dict[str, Any])


def read(result: Mapping[str, Any], asked: RunRequest) -> RunOutcome:
    """Read a result; one that can't be read is a failure of its own."""
    try:
        status, score = Status(result["status"]), _score(result)
        facts = {} if score is None else _facts(result, asked)
        useful = 0.0 if score is None else float(result["seconds"].get("training", 0.0))
        return RunOutcome(status, score, _failed(result), facts, useful, _kept(result))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        broken = FailureDetail(
            Failure.CONTRACT_BROKEN,
            f"the runner left a result that can't be read: {error!r}",
            next_step="Check that the pool's python has the same labhand as this one",
        )
        return RunOutcome(Status.FAILED, failed=broken)


def held_seconds(result: Mapping[str, Any]) -> float | None:
    """For how long the run held its slot; None where the result doesn't tell."""
    with suppress(KeyError, TypeError, ValueError, OverflowError):
        held = float(result["seconds"]["held"])
        return max(0.0, held) if math.isfinite(held) else None
    return None


def _score(result: Mapping[str, Any]) -> float | None:
    score = result["score"]
    if result["status"] != Status.SUCCEEDED or score is None:
        return None
    if not math.isfinite(score):
        raise ValueError(f"a score of {score}")
    return float(score)


def _failed(result: Mapping[str, Any]) -> FailureDetail | None:
    told = result["failure"]
    if told is None:
        return None
    return FailureDetail(
        Failure(told["kind"]),
        str(told["message"])[:LONGEST],
        tuple(str(line)[:LONGEST] for line in islice(told.get("lines", ()), MOST_LINES)),
        str(told.get("next_step", ""))[:LONGEST],
    )


def _facts(result: Mapping[str, Any], asked: RunRequest) -> dict[str, Any]:
    """What makes a score comparable, as measured."""
    evaluator: Mapping[str, Any] = result["evaluator"] or {}
    trainer, _, place = asked.setting.partition("/")
    gpu, measured = place.rpartition("/")[0], result["device"]["kind"]
    # One name can be asked for and mean cards of several kinds; the same card can be had under several names.
    named = {} if gpu == measured else {"gpu": gpu}
    return named | {
        "trainer": trainer,
        "evaluator": evaluator.get("version"),
        "data": evaluator.get("data"),
        "budget_seconds": asked.budget_seconds,
        "clock": asked.clock,
        "device": measured,
        "torch": result["device"].get("torch"),
        "driver": result["device"].get("driver"),
        "self_reported": bool(result["self_reported"]),
    }


def _kept(result: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a result beside its columns: strict JSON, which SQLite can look into."""
    kept = {key: value for key, value in result.items() if key not in _IN_COLUMNS}
    kept["flags"] = [str(flag)[:LONGEST] for flag in islice(kept.get("flags") or (), MOST_LINES)]
    return dict(json.loads(json.dumps(kept), parse_constant=lambda _: None))
