"""Validations: the plan of each, fixed at launch, its progress and its result."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...domain import Clock, Verdict
from ...ids import validation_id
from ..database import Reader, Row, Transaction
from .champions import name

Interval = tuple[float, float]


class StageKind(StrEnum):
    """What the pairs of a stage are for."""

    TEST = "test"
    HORIZON = "horizon"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class StageFinding:
    """What a stage measured.

    Attributes:
        gain: The mean over its pairs; positive is better.
        interval: The 95 % interval of the gain; None if the pairs also decided something.
        tau: How far a longer horizon ranks sources as the test's does (`research.horizons.Agreement`); None if unmeasured.
        tau_interval: The interval of `tau`.
    """

    gain: float | None = None
    interval: Interval | None = None
    tau: float | None = None
    tau_interval: Interval | None = None


NOTHING = StageFinding()


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a validation, as planned at its launch.

    Attributes:
        place: Its place in the order in which stages run, from 0.
        horizon: Its budget as a multiple of the test's.
        against: The commit with which the candidate is paired.
        pairs: The number of pairs that decide it.
        gpu_seconds: The estimated GPU-seconds of one experiment.
        usd: The estimated cost of one experiment.
        finding: What it measured, so far as it has.
    """

    place: int
    kind: StageKind
    horizon: int
    against: str
    setting: str
    budget_seconds: float
    pairs: int
    gpu_seconds: float
    usd: float
    finding: StageFinding = NOTHING


@dataclass(frozen=True, slots=True)
class Validation:
    """One test of one candidate against the champion, with what follows when it is confirmed.

    Attributes:
        number: 3 for `v003`; its place among all tests of the lab.
        candidate: The number of the experiment that is tested.
        commit: The candidate's commit, as it is run.
        champion: The champion at launch, by its row.
        level: The significance level of the test.
        confirmations: The confirmations before its launch, as `research.online_fdr.level` takes them.
        prior: The noise of a difference in its stratum, as known at launch: standard deviation and degrees of freedom.
        stages: Its stages in the order in which they run.
        stage: The place of the stage that runs, or ran last.
        verdict: `pending`, `confirmed`, `not_shown`, or `none` when it came to no verdict.
        p: The p-value at the look that decided the test.
        promoted: The candidate became champion.
        finished_seq: Order of finishing, among validations; None until it is finished.
        plan: The number of the approved plan that it is part of; None outside of plans.
    """

    number: int
    candidate: int
    commit: str
    champion: int
    gpu: str
    clock: Clock
    level: float
    confirmations: Sequence[int]
    prior: tuple[float, float] | None
    launched_by: str
    launched_at: float
    stages: Sequence[Stage]
    stage: int = 0
    verdict: Verdict = Verdict.PENDING
    p: float | None = None
    reason: str | None = None
    promoted: bool = False
    finished_seq: int | None = None
    plan: int | None = None

    @property
    def id(self) -> str:
        """As people and agents write it, `v003`."""
        return validation_id(self.number)

    @property
    def running(self) -> Stage:
        """The stage that runs, or ran last."""
        return self.stages[self.stage]

    @property
    def following(self) -> Stage | None:
        """The stage after that."""
        return self.stages[self.stage + 1] if self.stage + 1 < len(self.stages) else None

    @property
    def is_last_to_decide(self) -> bool:
        """Whether the running stage is the last that the candidate has to pass."""
        deciding = [stage.place for stage in self.stages if stage.kind is not StageKind.REPORT]
        return self.stage == deciding[-1]


@dataclass(frozen=True, slots=True)
class History:
    """The stream of tests so far.

    Attributes:
        tests: The number of tests launched.
        confirmations: See `Validation`.
    """

    tests: int
    confirmations: Sequence[int]


@dataclass(frozen=True, slots=True)
class ValidationFilter:
    """Selects validations. A field that is None selects all."""

    numbers: Sequence[int] | None = None
    by: str | None = None

    def where(self) -> tuple[str, list[Any]]:
        """Returns the filter as an SQL condition with its parameters."""
        numbers = None if self.numbers is None else json.dumps(list(self.numbers))
        criteria = [("number IN (SELECT value FROM json_each(?))", numbers), ("launched_by = ?", self.by)]
        conditions = [condition for condition, value in criteria if value is not None]
        return " AND ".join(conditions) or "TRUE", [value for _, value in criteria if value is not None]


ALL = ValidationFilter()


async def history(reader: Reader) -> History:
    """Returns all that the level of the next test depends on."""
    newest = await reader.row("SELECT coalesce(max(number), 0) AS tests FROM validations")
    confirmed = await reader.rows("SELECT known_after FROM validations WHERE verdict = 'confirmed' ORDER BY known_after")
    return History(newest["tests"] if newest else 0, [row["known_after"] for row in confirmed])


async def champion_number(reader: Reader) -> int:
    """Returns the row number of the champion."""
    row = await reader.row("SELECT max(number) AS newest FROM champions")
    return int(row["newest"]) if row else 0


async def experiment_of(reader: Reader, champion: int) -> int | None:
    """Returns the experiment of a champion, given by its row; None for the baseline."""
    row = await reader.row("SELECT experiment FROM champions WHERE number = ?", (champion,))
    return row["experiment"] if row else None


async def save(tx: Transaction, new: Validation) -> None:
    """Write a validation down with its stages."""
    await tx.insert(
        "INSERT INTO validations (number, candidate, commit_hash, champion, gpu, clock, level, confirmations, prior_sd,"
        " prior_degrees, launched_by, launched_at, plan) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            new.number,
            new.candidate,
            new.commit,
            new.champion,
            new.gpu,
            new.clock,
            new.level,
            json.dumps(list(new.confirmations)),
            *(new.prior or (None, None)),
            new.launched_by,
            new.launched_at,
            new.plan,
        ),
    )
    await tx.many(
        "INSERT INTO stages (validation, place, kind, horizon, against, setting, budget_seconds, pairs, gpu_seconds, usd)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                new.number,
                stage.place,
                stage.kind,
                stage.horizon,
                stage.against,
                stage.setting,
                stage.budget_seconds,
                stage.pairs,
                stage.gpu_seconds,
                stage.usd,
            )
            for stage in new.stages
        ],
    )


async def unfinished(reader: Reader, wanted: ValidationFilter = ALL) -> list[Validation]:
    """Returns the validations that are not over, the oldest first."""
    condition, parameters = wanted.where()
    return await _read(reader, f"finished_seq IS NULL AND {condition}", *parameters)


async def finished(reader: Reader, after: int, wanted: ValidationFilter = ALL) -> list[Validation]:
    """Returns the validations that finished after `after`, a `finished_seq`, the oldest first."""
    condition, parameters = wanted.where()
    return await _read(reader, f"finished_seq > ? AND {condition}", after, *parameters)


async def numbered(reader: Reader, numbers: Sequence[int]) -> list[Validation]:
    """Returns validations by number; those that don't exist are left out."""
    condition, parameters = ValidationFilter(numbers=numbers).where()
    return await _read(reader, condition, *parameters)


async def confirmed_against(reader: Reader, champion: int) -> list[Validation]:
    """Returns the validations that confirmed a candidate against a champion, given by its row."""
    return await _read(reader, "verdict = 'confirmed' AND champion = ?", champion)


async def of_champion(reader: Reader) -> Validation | None:
    """Returns the validation that made the champion; None for the baseline."""
    promoted = await _read(reader, "promoted AND number = (SELECT max(number) FROM validations WHERE promoted)")
    return promoted[0] if promoted else None


async def tested_against(reader: Reader, candidates: Sequence[int]) -> dict[int, str]:
    """Return the champion that each candidate's newest test compared it with, by the candidate's number.

    Experiments that no test came to a verdict on are left out.
    """
    rows = await reader.rows(
        "SELECT candidate, experiment FROM validations JOIN champions ON champions.number = champion"
        " WHERE verdict IN ('confirmed', 'not_shown') AND candidate IN (SELECT value FROM json_each(?))"
        " ORDER BY known_after, validations.number",
        (json.dumps(list(candidates)),),
    )
    return {row["candidate"]: name(row["experiment"]) for row in rows}


async def tested_sources(reader: Reader) -> set[tuple[str, int | None]]:
    """Return the sources of all candidates that a test came to a verdict on: the tree, and the stratum it was proposed from."""
    rows = await reader.rows(
        "SELECT DISTINCT tree, stratum FROM validations JOIN experiments ON experiments.number = candidate"
        " WHERE validations.verdict IN ('confirmed', 'not_shown')"
    )
    return {(row["tree"], row["stratum"]) for row in rows}


async def _read(reader: Reader, condition: str, *parameters: Any) -> list[Validation]:  # noqa: ANN401  what SQLite takes
    rows = await reader.rows(f"SELECT * FROM validations WHERE {condition} ORDER BY number", parameters)  # noqa: S608  of this module
    numbers = json.dumps([row["number"] for row in rows])
    staged: defaultdict[int, list[Stage]] = defaultdict(list)
    sql = "SELECT * FROM stages WHERE validation IN (SELECT value FROM json_each(?)) ORDER BY validation, place"
    for row in await reader.rows(sql, (numbers,)) if rows else ():
        staged[row["validation"]].append(_stage(row))
    return [_validation(row, staged[row["number"]]) for row in rows]


def _validation(row: Row, stages: Sequence[Stage]) -> Validation:
    return Validation(
        number=row["number"],
        candidate=row["candidate"],
        commit=row["commit_hash"],
        champion=row["champion"],
        gpu=row["gpu"],
        clock=row["clock"],
        level=row["level"],
        confirmations=json.loads(row["confirmations"]),
        prior=_both(row, "prior_sd", "prior_degrees"),
        launched_by=row["launched_by"],
        launched_at=row["launched_at"],
        stages=stages,
        stage=row["stage"],
        verdict=Verdict(row["verdict"]),
        p=row["p"],
        reason=row["reason"],
        promoted=bool(row["promoted"]),
        finished_seq=row["finished_seq"],
        plan=row["plan"],
    )


def _stage(row: Row) -> Stage:
    return Stage(
        place=row["place"],
        kind=StageKind(row["kind"]),
        horizon=row["horizon"],
        against=row["against"],
        setting=row["setting"],
        budget_seconds=row["budget_seconds"],
        pairs=row["pairs"],
        gpu_seconds=row["gpu_seconds"],
        usd=row["usd"],
        finding=StageFinding(row["gain"], _both(row, "low", "high"), row["tau"], _both(row, "tau_low", "tau_high")),
    )


def _both(row: Row, first: str, second: str) -> tuple[float, float] | None:
    return None if row[first] is None else (row[first], row[second])
