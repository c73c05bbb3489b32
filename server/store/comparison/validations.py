"""Validations: what each is to test and was held to, how far it is, and what came of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...domain import Clock, Verdict
from ...ids import experiment_id, validation_id
from ..database import Reader, Row, Transaction

Interval = tuple[float, float]


class StageKind(StrEnum):
    """What the pairs of a stage are for."""

    TEST = "test"
    HORIZON = "horizon"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class StageFinding:
    """What came of a stage.

    Attributes:
        gain: Mean over its pairs; positive is better.
        interval: Of the gain, 95 %; only where the pairs decided nothing.
        tau: Of a longer horizon: how far it ranks as the test's does (`research.horizons.Agreement`), where that can be told.
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
        place: In the order in which they run, from 0.
        horizon: How many times the budget of the test.
        against: The commit with which the candidate is paired.
        pairs: That it takes.
        gpu_seconds: Of one experiment, estimated.
        usd: Of one experiment, estimated.
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
    found: StageFinding = NOTHING


@dataclass(frozen=True, slots=True)
class Validation:
    """One test of one candidate against the champion, with what follows when it is confirmed.

    Attributes:
        number: 3 for `v003`; its place among all tests of the lab.
        candidate: The experiment.
        commit: Of the candidate, as it is run.
        champion: The champion at launch, by its row.
        level: That the test is held to.
        confirmations: Known at launch, as `research.streams.level` takes them.
        prior: The noise of a difference in its stratum, as known at launch: standard deviation and degrees of freedom.
        stages: In their order.
        stage: Which of them runs, or ran last.
        verdict: `pending`, `confirmed`, `not_shown`, or `none` when it came to no verdict.
        p: At the look that decided.
        promoted: The candidate became champion.
        finished_seq: Order of finishing, among validations; None until it is finished.
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
        tests: Launched.
        confirmations: See `Validation`.
    """

    tests: int
    confirmations: Sequence[int]


@dataclass(frozen=True, slots=True)
class ValidationFilter:
    """Which validations. What is None lets all pass."""

    numbers: Sequence[int] | None = None
    by: str | None = None

    def where(self) -> tuple[str, list[Any]]:
        """The choice as an SQL condition with its parameters."""
        numbers = None if self.numbers is None else json.dumps(list(self.numbers))
        told = [("number IN (SELECT value FROM json_each(?))", numbers), ("launched_by = ?", self.by)]
        conditions = [condition for condition, value in told if value is not None]
        return " AND ".join(conditions) or "TRUE", [value for _, value in told if value is not None]


ALL = ValidationFilter()


async def history(reader: Reader) -> History:
    """All that the level of the next test depends on."""
    row = await reader.row("SELECT coalesce(max(number), 0) AS tests FROM validations")
    known = await reader.rows("SELECT known_after FROM validations WHERE verdict = 'confirmed' ORDER BY known_after")
    return History(row["tests"] if row else 0, [confirmation["known_after"] for confirmation in known])


async def champion_number(reader: Reader) -> int:
    """The champion, by its row."""
    row = await reader.row("SELECT max(number) AS newest FROM champions")
    return int(row["newest"]) if row else 0


async def experiment_of(reader: Reader, champion: int) -> int | None:
    """The experiment of a champion, by its row; None for the baseline."""
    row = await reader.row("SELECT experiment FROM champions WHERE number = ?", (champion,))
    return row["experiment"] if row else None


async def save(tx: Transaction, new: Validation) -> None:
    """Write a validation down with its stages."""
    await tx.insert(
        "INSERT INTO validations (number, candidate, commit_hash, champion, gpu, clock, level, confirmations, prior_sd,"
        " prior_degrees, launched_by, launched_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
    """Validations that are not over, the oldest first."""
    condition, parameters = wanted.where()
    return await _read(reader, f"finished_seq IS NULL AND {condition}", *parameters)


async def finished(reader: Reader, after: int, wanted: ValidationFilter = ALL) -> list[Validation]:
    """Validations that finished later, by `finished_seq`, the oldest first."""
    condition, parameters = wanted.where()
    return await _read(reader, f"finished_seq > ? AND {condition}", after, *parameters)


async def numbered(reader: Reader, numbers: Sequence[int]) -> list[Validation]:
    """Validations by number; those that don't exist are left out."""
    condition, parameters = ValidationFilter(numbers=numbers).where()
    return await _read(reader, condition, *parameters)


async def confirmed_against(reader: Reader, champion: int) -> list[Validation]:
    """Validations that have confirmed something against a champion, by its row."""
    return await _read(reader, "verdict = 'confirmed' AND champion = ?", champion)


async def of_champion(reader: Reader) -> Validation | None:
    """The validation that made the champion; None for the baseline."""
    found = await _read(reader, "promoted AND number = (SELECT max(number) FROM validations WHERE promoted)")
    return found[0] if found else None


async def save_verdict(tx: Transaction, validation: Validation, verdict: Verdict, reason: str, p: float | None) -> None:
    """Write down a test's verdict, with the candidate too, where there is one. It counts for tests that are launched later."""
    await tx.execute(
        "UPDATE validations SET verdict = ?, reason = ?, p = ?, known_after = (SELECT max(number) FROM validations)"
        " WHERE number = ?",
        (verdict, reason, p, validation.number),
    )
    if verdict is not Verdict.NONE:
        champion = await experiment_of(tx, validation.champion)
        told = f"{validation.id}, against {'the baseline' if champion is None else experiment_id(champion)}: {reason}"
        await tx.execute(
            "UPDATE experiments SET verdict = ?, reason = ? WHERE number = ?", (verdict, told, validation.candidate)
        )


async def save_finding(tx: Transaction, number: int, stage: int, found: StageFinding) -> None:
    """Write down what came of a stage."""
    nothing = (None, None)
    await tx.execute(
        "UPDATE stages SET gain = ?, low = ?, high = ?, tau = ?, tau_low = ?, tau_high = ? WHERE validation = ? AND place = ?",
        (found.gain, *(found.interval or nothing), found.tau, *(found.tau_interval or nothing), number, stage),
    )


async def enter_stage(tx: Transaction, number: int, stage: int) -> None:
    """Go on to a stage."""
    await tx.execute("UPDATE validations SET stage = ? WHERE number = ?", (stage, number))


async def promote(tx: Transaction, number: int) -> None:
    """Note that the candidate became champion."""
    await tx.execute("UPDATE validations SET promoted = 1 WHERE number = ?", (number,))


async def add_reason(tx: Transaction, number: int, why: str) -> None:
    """Add to the reason what came after the test."""
    await tx.execute("UPDATE validations SET reason = coalesce(reason || '; ', '') || ? WHERE number = ?", (why, number))


async def finish(tx: Transaction, number: int, now: float) -> None:
    """End a validation."""
    await tx.execute(
        "UPDATE validations SET finished_at = ?,"
        " finished_seq = (SELECT coalesce(max(finished_seq), 0) + 1 FROM validations) WHERE number = ?",
        (now, number),
    )


async def means(reader: Reader, stratum: int) -> dict[str, float]:
    """The mean score of every source in a stratum, by its content."""
    rows = await reader.rows(
        "SELECT tree, avg(score) AS mean FROM experiments WHERE stratum = ? AND score IS NOT NULL GROUP BY tree", (stratum,)
    )
    return {row["tree"]: row["mean"] for row in rows}


async def replicates(reader: Reader, setting: str) -> list[list[float]]:
    """All scores of the newest stratum of a setting that were never suspected, one list a source."""
    rows = await reader.rows(
        "SELECT tree, score FROM experiments WHERE score IS NOT NULL AND must_beat IS NULL AND stratum ="
        " (SELECT stratum FROM experiments WHERE setting = ? AND stratum IS NOT NULL ORDER BY number DESC LIMIT 1)"
        " ORDER BY number",
        (setting,),
    )
    arms: defaultdict[str, list[float]] = defaultdict(list)
    for row in rows:
        arms[row["tree"]].append(row["score"])
    return list(arms.values())


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
        found=StageFinding(row["gain"], _both(row, "low", "high"), row["tau"], _both(row, "tau_low", "tau_high")),
    )


def _both(row: Row, first: str, second: str) -> tuple[float, float] | None:
    return None if row[first] is None else (row[first], row[second])
