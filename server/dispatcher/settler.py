"""Settling: the end of a run is written down as the outcome of its experiment, exactly once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

from ...trainer.contract.run_result import RunResult
from ..domain import Failure, FailureDetail, Metric, RunStatus, Status
from ..store.comparison import strata
from ..store.database import Transaction
from ..store.running import early_stops, holds, result_reader, settlement
from ..store.running.runs import Attempt
from ..store.running.settlement import ExperimentOutcome
from .failure_holds import hold_siblings, name_who_mends
from .faulty_slots import set_faulty_slots_aside
from .follow_ups import FollowUps
from .judge import Judge
from .validating.validation_stages import ValidationStages

REQUEUES = 2
"""How many times an experiment is queued again after a lost run."""


@dataclass
class FinishedRuns:
    """Runs that are over.

    Attributes:
        finished: Runs that left a result, with it.
        lost: Runs that left none, with the reason as far as it is known.
    """

    finished: list[tuple[Attempt, RunResult]] = field(default_factory=list[tuple[Attempt, RunResult]])
    lost: list[tuple[Attempt, str]] = field(default_factory=list[tuple[Attempt, str]])

    def __bool__(self) -> bool:
        return bool(self.finished or self.lost)

    def final(self) -> list[Attempt]:
        """Return the attempts after which no other run of their experiment follows."""
        done = [
            attempt for attempt, result in self.finished if result.status != "cancelled" or attempt.cancel_reason is not None
        ]
        return done + [a for a, _ in self.lost if a.cancel_reason is not None or a.attempts > REQUEUES]


class Settler:
    """Writes down how runs ended, and what follows from it.

    Args:
        metric: The trainer's metric.
        additions: Queues what the lab runs by itself; None to queue nothing.
        validations: Follows the validations; None to leave them alone.
    """

    def __init__(self, metric: Metric, additions: FollowUps | None = None, validations: ValidationStages | None = None) -> None:
        self._judge = Judge(metric)
        self._additions = additions
        self._validations = validations

    def forget(self) -> None:
        """Read everything anew next time. To be called after a failed transaction."""
        self._judge.forget()

    async def settle(self, tx: Transaction, ended: FinishedRuns, now: float) -> None:
        """Settle runs, all in one transaction."""
        scored: defaultdict[int, list[int]] = defaultdict(list)
        for attempt, why in ended.lost:
            await _lose(tx, attempt, why, now)
        has_holds = await holds.has_holds(tx)
        for attempt, result in ended.finished:
            if result.status == "cancelled" and attempt.cancel_reason is None:
                await _lose(tx, attempt, "it was asked to end by someone outside of the lab", now)
                has_holds = True  # it may have made one
                continue
            outcome = await _outcome(tx, attempt, result)
            if await settlement.end_run(tx, attempt.run, RunStatus.FINISHED, _held(attempt, result, now)):
                await settlement.finish(tx, attempt.run, outcome, now)
                has_holds = await hold_siblings(tx, attempt.run.experiment, outcome, now, has_holds=has_holds)
                await set_faulty_slots_aside(tx, attempt)
                if outcome.stratum is not None:
                    scored[outcome.stratum].append(attempt.run.experiment)
        await self._judge.judge(tx, scored)
        if self._additions is not None:
            await self._additions.queue(tx, {attempt.setting for attempt, _ in ended.finished}, now, scored)
        await self.follow(tx, now)

    async def follow(self, tx: Transaction, now: float) -> None:
        """Take validations further, and judge everything anew where one has made a champion."""
        if self._validations is not None and await self._validations.follow(tx, now):
            await self._judge.judge_all(tx)


async def _lose(tx: Transaction, attempt: Attempt, why: str, now: float) -> None:
    """Queue the experiment of a lost run again, unless it was to end anyway or has lost too many runs."""
    run = attempt.run
    held = max(0.0, min(run.heartbeat_at, now) - run.created_at)
    if not await settlement.end_run(tx, run, RunStatus.LOST, held):
        return
    if attempt.cancel_reason is not None:
        await settlement.finish(tx, run, _stopped(attempt, ExperimentOutcome(Status.CANCELLED)), now)
    elif attempt.attempts <= REQUEUES:
        await settlement.requeue(tx, run.experiment)
    else:
        failed = FailureDetail(
            Failure.LOST_MACHINE,
            f"{attempt.attempts} runs ended without a result, the last one because {why}",
            next_step=f"Read .labhand/runs/{run.id}/runner.log, see whether the machine ran out of memory or was restarted,"
            " then launch it again with retry=True",
        )
        outcome = ExperimentOutcome(Status.FAILED, failed=await name_who_mends(tx, run.experiment, failed))
        await settlement.finish(tx, run, outcome, now)
        await hold_siblings(tx, run.experiment, outcome, now, has_holds=True)


async def _outcome(tx: Transaction, attempt: Attempt, result: RunResult) -> ExperimentOutcome:
    """Returns the outcome of an experiment whose run left a result, and finds its stratum."""
    reading = result_reader.read(result, attempt)
    if attempt.doomed is not None and reading.status is not Status.CANCELLED:
        await early_stops.withdraw(tx, attempt.run.experiment)
    stratum = None if reading.score is None else await strata.find(tx, reading.facts)
    failed = reading.failed
    if failed is not None and attempt.accused is not None and result.weights_of == attempt.accused:
        before = await settlement.evidence(tx, attempt.accused)
        failed = replace(failed, lines=(*failed.lines, f"{attempt.accused} had failed with:", *before))
    if failed is not None:
        failed = await name_who_mends(tx, attempt.run.experiment, failed)
    outcome = ExperimentOutcome(reading.status, reading.score, stratum, failed, reading.useful_seconds, reading.details)
    return _stopped(attempt, outcome)


def _stopped(attempt: Attempt, outcome: ExperimentOutcome) -> ExperimentOutcome:
    """Returns an outcome, with status `stopped` if the lab itself had asked for the end."""
    if attempt.doomed is None or outcome.status is not Status.CANCELLED:
        return outcome
    return replace(outcome, status=Status.STOPPED, reason=attempt.doomed)


def _held(attempt: Attempt, result: RunResult, now: float) -> float:
    """Returns the seconds for which a run held its slot, by this machine's clock if the result lacks them."""
    held = result.held_seconds
    return max(0.0, now - attempt.run.created_at) if held is None else held
