"""Settling: what became of a run becomes what is known of its experiment, once."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ..domain import Failed, Failure, Metric, Status, experiment_id
from ..research.policy import storm
from ..store import queue, settlement, strata
from ..store.database import Transaction
from ..store.runs import Attempt
from ..store.settlement import Outcome
from .judging import Judge
from .rechecking import Rechecks
from .validations import Validations

REQUEUES = 2
"""How many times a lost run is made up for."""
LONGEST, MOST_LINES = 2000, 50
"""Characters, and lines, of what a failure says: they come from the experiment."""
_IN_COLUMNS = frozenset({"run", "status", "score", "failure"})


@dataclass
class Ended:
    """Runs that are over.

    Attributes:
        finished: With their results.
        lost: With what is known of why.
    """

    finished: list[tuple[Attempt, Mapping[str, Any]]] = field(default_factory=list[tuple[Attempt, Mapping[str, Any]]])
    lost: list[tuple[Attempt, str]] = field(default_factory=list[tuple[Attempt, str]])

    def __bool__(self) -> bool:
        return bool(self.finished or self.lost)


class Settler:
    """Writes down how runs ended, and what follows from it.

    Args:
        metric: What scores are of.
        rechecks: Runs again what is too good to be true; None for nothing.
        validations: Follows them; None for nobody.
    """

    def __init__(self, metric: Metric, rechecks: Rechecks | None = None, validations: Validations | None = None) -> None:
        self._judge = Judge(metric)
        self._rechecks = rechecks
        self._validations = validations

    def forget(self) -> None:
        """A transaction failed: read everything anew next time."""
        self._judge.forget()

    async def settle(self, tx: Transaction, ended: Ended, now: float) -> None:
        """Settle runs, all in one transaction."""
        scored: defaultdict[int, list[int]] = defaultdict(list)
        for attempt, why in ended.lost:
            await _lose(tx, attempt, why, now)
        for attempt, result in ended.finished:
            if result.get("status") == Status.CANCELLED and attempt.cancel_reason is None:
                await _lose(tx, attempt, "it was asked to end by someone outside of the lab", now)
                continue
            outcome = await _outcome(tx, attempt, result)
            if await settlement.end_run(tx, attempt.run, "finished", _held(attempt, result, now)):
                await settlement.finish(tx, attempt.run, outcome, now)
                await _watch_for_storms(tx, attempt.run.experiment, outcome, now)
                if outcome.stratum is not None:
                    scored[outcome.stratum].append(attempt.run.experiment)
        await self._judge.judge(tx, scored)
        if self._rechecks is not None:
            await self._rechecks.queue(tx, now)
        await self.follow(tx, now)

    async def follow(self, tx: Transaction, now: float) -> None:
        """Take validations further, and judge everything anew where one has made a champion."""
        if self._validations is not None and await self._validations.follow(tx, now):
            await self._judge.judge_all(tx)


async def _lose(tx: Transaction, attempt: Attempt, why: str, now: float) -> None:
    """Make up for a run that left no result, unless it was to end anyway or this happened too often."""
    run = attempt.run
    held = max(0.0, min(run.heartbeat_at, now) - run.created_at)
    if not await settlement.end_run(tx, run, "lost", held):
        return
    if attempt.cancel_reason is not None:
        await settlement.finish(tx, run, Outcome(Status.CANCELLED), now)
    elif attempt.attempts <= REQUEUES:
        await settlement.requeue(tx, run.experiment)
    else:
        failed = Failed(
            Failure.LOST_MACHINE,
            f"{attempt.attempts} runs ended without a result, the last one because {why}",
            next_step=f"Read .labhand/runs/{run.id}/runner.log, see whether the machine ran out of memory or was restarted,"
            " then launch it again with retry=True",
        )
        await settlement.finish(tx, run, Outcome(Status.FAILED, failed=failed), now)


async def _watch_for_storms(tx: Transaction, experiment: int, outcome: Outcome, now: float) -> None:
    """Hold what is queued beside an experiment when it keeps failing; let it go on when one succeeds."""
    if outcome.status is Status.SUCCEEDED:
        await queue.lift_holds(tx, experiment)
    if outcome.failed is None:
        return
    scope = await queue.scope(tx, experiment)
    kind = storm(scope.outcomes)
    if kind is None or not scope.queued:
        return
    reason = (
        f"of {scope.name}, {scope.outcomes.count(kind)} failed so and none succeeded, {experiment_id(experiment)} last"
        f" ({outcome.failed.message}). {scope.queued} queued ones are held: launch one that failed again (retry=True) and they"
        " go on when it succeeds, or cancel them"
    )
    await queue.hold(tx, experiment, kind, reason, now)


async def _outcome(tx: Transaction, attempt: Attempt, result: Mapping[str, Any]) -> Outcome:
    try:
        status, score = Status(result["status"]), _score(result)
        failed = _failed(result)
        kept = _kept(result)
        stratum = None if score is None else await strata.find(tx, _facts(attempt, result))
        useful = 0.0 if score is None else float(result["seconds"].get("training", 0.0))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        broken = Failed(
            Failure.CONTRACT_BROKEN,
            f"the runner left a result that can't be read: {error!r}",
            next_step="Check that the pool's python has the same labhand as this one",
        )
        return Outcome(Status.FAILED, failed=broken)
    return Outcome(status, score, stratum, failed, useful, kept)


def _score(result: Mapping[str, Any]) -> float | None:
    score = result["score"]
    if result["status"] != Status.SUCCEEDED or score is None:
        return None
    if not math.isfinite(score):
        raise ValueError(f"a score of {score}")
    return float(score)


def _failed(result: Mapping[str, Any]) -> Failed | None:
    told = result["failure"]
    if told is None:
        return None
    return Failed(
        Failure(told["kind"]),
        str(told["message"])[:LONGEST],
        tuple(str(line)[:LONGEST] for line in islice(told.get("lines", ()), MOST_LINES)),
        str(told.get("next_step", ""))[:LONGEST],
    )


def _kept(result: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a result beside its columns: strict JSON, which SQLite can look into."""
    kept = {key: value for key, value in result.items() if key not in _IN_COLUMNS}
    kept["flags"] = [str(flag)[:LONGEST] for flag in islice(kept.get("flags") or (), MOST_LINES)]
    return dict(json.loads(json.dumps(kept), parse_constant=lambda _: None))


def _facts(attempt: Attempt, result: Mapping[str, Any]) -> dict[str, Any]:
    """What makes a score comparable, as measured."""
    evaluator: Mapping[str, Any] = result["evaluator"] or {}
    return {
        "trainer": attempt.setting.partition("/")[0],
        "evaluator": evaluator.get("version"),
        "data": evaluator.get("data"),
        "budget_seconds": attempt.budget_seconds,
        "clock": attempt.clock,
        "device": result["device"]["kind"],
        "torch": result["device"].get("torch"),
        "driver": result["device"].get("driver"),
        "self_reported": bool(result["self_reported"]),
    }


def _held(attempt: Attempt, result: Mapping[str, Any], now: float) -> float:
    """Seconds for which a run held its slot; by this machine's clock where the result doesn't tell."""
    with suppress(KeyError, TypeError, ValueError, OverflowError):
        held = float(result["seconds"]["held"])
        if math.isfinite(held):
            return held
    return max(0.0, now - attempt.run.created_at)
