"""What an audit holds against files: finished experiments, what they were asked for and what is said of them."""

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
        facts: Of its stratum; None where it has none.
        gpu_seconds: As it was charged.
        held: Seconds of all its runs, by their rows.
        run: The one that finished; None where none did.
        run_held: Its seconds.
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


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """What is said of an experiment with a score, against what it is compared with."""

    verdict: Verdict
    gain: float | None


@dataclass(frozen=True, slots=True)
class Charged:
    """What a pool was charged for in all, and what its runs held."""

    pool: str
    charged: float
    held: float


async def entries(reader: Reader) -> list[AuditedExperiment]:
    """Every finished experiment, by number."""
    rows = await reader.rows(
        "SELECT e.number, commit_hash, tree, seed, setting, clock, budget_seconds, e.status, score, failure, facts,"
        " gpu_seconds, total(r.finished_at - r.created_at) AS held,"
        " max(CASE WHEN r.status = 'finished' THEN r.id END) AS run,"
        " total(CASE WHEN r.status = 'finished' THEN r.finished_at - r.created_at END) AS run_held"
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
        )
        for row in rows
    ]


async def stored_verdicts(reader: Reader, stratum: int) -> dict[int, StoredVerdict]:
    """What is said of every experiment that has a score in a stratum."""
    rows = await reader.rows(
        "SELECT number, verdict, gain FROM experiments WHERE stratum = ? AND score IS NOT NULL ORDER BY number", (stratum,)
    )
    return {row["number"]: StoredVerdict(Verdict(row["verdict"]), row["gain"]) for row in rows}


async def tested(reader: Reader) -> dict[int, Verdict]:
    """What the newest test that came to a verdict says of each candidate."""
    rows = await reader.rows(
        "SELECT candidate, verdict FROM validations WHERE verdict IN ('confirmed', 'not_shown') ORDER BY known_after, number"
    )
    return {row["candidate"]: Verdict(row["verdict"]) for row in rows}


async def charges(reader: Reader) -> list[Charged]:
    """What every pool was charged for."""
    rows = await reader.rows(
        "SELECT pool, total(charged) AS charged, total(held) AS held FROM ("
        " SELECT pool, gpu_seconds AS charged, 0 AS held FROM spent"
        " UNION ALL SELECT pool, 0, finished_at - created_at FROM runs WHERE finished_at IS NOT NULL"
        ") GROUP BY pool ORDER BY pool"
    )
    return [Charged(row["pool"], row["charged"], row["held"]) for row in rows]


async def spent_experiments(reader: Reader) -> tuple[int, int]:
    """How many experiments were charged, and how many have ended that ran."""
    charged = await reader.row("SELECT total(experiments) AS count FROM spent")
    ran = await reader.row(
        "SELECT count(*) AS count FROM experiments WHERE finished_seq IS NOT NULL AND number IN (SELECT experiment FROM runs)"
    )
    return int(charged["count"]) if charged else 0, int(ran["count"]) if ran else 0
