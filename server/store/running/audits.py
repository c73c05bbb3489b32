"""What an audit compares with files: finished experiments, what was requested for them, and their verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...domain import Clock, Failure, Status, Verdict
from ..database import Reader


@dataclass(frozen=True, slots=True)
class AuditedExperiment:
    """A finished experiment.

    Attributes:
        facts: The facts of its stratum; None if it has no stratum.
        gpu_seconds: The time that it was charged for.
        held: GPU-seconds for which all its runs held a slot, by their rows.
        run: The id of the run that finished; None if none did.
        run_held: Seconds for which that run held its slot.
        was_doomed: Whether the lab itself asked for its end, as doomed.
        recorded_result: The run's result as its handle holds it; None where the run folder holds it, as it does unless the run
            was simulated.
    """

    number: int
    commit: str
    tree: str
    seed: int
    setting: str
    clock: Clock
    budget_seconds: float
    status: Status
    score: float | None
    failure: Failure | None
    facts: Mapping[str, Any] | None
    gpu_seconds: float
    held: float
    run: str | None
    run_held: float
    was_doomed: bool = False
    recorded_result: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """The verdict on a scored experiment, and its gain over the reference of its stratum."""

    verdict: Verdict
    gain: float | None


@dataclass(frozen=True, slots=True)
class Charged:
    """The seconds that a pool was charged for in all, and those for which its runs held the GPUs of a slot."""

    pool: str
    charged: float
    held: float


async def finished_experiments(reader: Reader) -> list[AuditedExperiment]:
    """Returns every finished experiment, by number."""
    rows = await reader.rows(
        "SELECT e.number, commit_hash, tree, seed, setting, clock, budget_seconds, e.status, score, failure, facts,"
        " gpu_seconds, total((r.finished_at - r.created_at) * r.gpus) AS held,"
        " max(CASE WHEN r.status = 'finished' THEN r.id END) AS run,"
        " total(CASE WHEN r.status = 'finished' THEN r.finished_at - r.created_at END) AS run_held,"
        " max(CASE WHEN r.status = 'finished' THEN r.handle ->> '$.result' END) AS recorded_result,"
        " EXISTS (SELECT 1 FROM stops WHERE stops.experiment = e.number) AS was_doomed"
        " FROM experiments AS e LEFT JOIN strata ON strata.number = stratum LEFT JOIN runs AS r ON r.experiment = e.number"
        " WHERE e.finished_seq IS NOT NULL GROUP BY e.number ORDER BY e.number"
    )
    return [
        AuditedExperiment(
            number=row["number"],
            commit=row["commit_hash"],
            tree=row["tree"],
            seed=row["seed"],
            setting=row["setting"],
            clock=row["clock"],
            budget_seconds=row["budget_seconds"],
            status=Status(row["status"]),
            score=row["score"],
            failure=Failure(row["failure"]) if row["failure"] else None,
            facts=json.loads(row["facts"]) if row["facts"] else None,
            gpu_seconds=row["gpu_seconds"],
            held=row["held"],
            run=row["run"],
            run_held=row["run_held"],
            was_doomed=bool(row["was_doomed"]),
            recorded_result=json.loads(row["recorded_result"]) if row["recorded_result"] else None,
        )
        for row in rows
    ]


async def stored_verdicts(reader: Reader, stratum: int) -> dict[int, StoredVerdict]:
    """Returns the verdicts on all experiments that have a score in a stratum."""
    rows = await reader.rows(
        "SELECT number, verdict, gain FROM experiments WHERE stratum = ? AND score IS NOT NULL ORDER BY number", (stratum,)
    )
    return {row["number"]: StoredVerdict(Verdict(row["verdict"]), row["gain"]) for row in rows}


async def test_verdicts(reader: Reader) -> dict[int, Verdict]:
    """Returns the verdict of each candidate's newest test that came to one."""
    rows = await reader.rows(
        "SELECT candidate, verdict FROM validations WHERE verdict IN ('confirmed', 'not_shown') ORDER BY known_after, number"
    )
    return {row["candidate"]: Verdict(row["verdict"]) for row in rows}


async def charges(reader: Reader) -> list[Charged]:
    """Returns what every pool was charged for."""
    rows = await reader.rows(
        "SELECT pool, total(charged) AS charged, total(held) AS held FROM ("
        " SELECT pool, gpu_seconds AS charged, 0 AS held FROM spent"
        " UNION ALL SELECT pool, 0, (finished_at - created_at) * gpus FROM runs WHERE finished_at IS NOT NULL"
        ") GROUP BY pool ORDER BY pool"
    )
    return [Charged(row["pool"], row["charged"], row["held"]) for row in rows]


async def spent_experiments(reader: Reader) -> tuple[int, int]:
    """Returns how many experiments were charged, and how many finished ones have run at all."""
    charged = await reader.row("SELECT total(experiments) AS count FROM spent")
    ran = await reader.row(
        "SELECT count(*) AS count FROM experiments WHERE finished_seq IS NOT NULL AND number IN (SELECT experiment FROM runs)"
    )
    return int(charged["count"]) if charged else 0, int(ran["count"]) if ran else 0
