"""Runs that hold a slot, and how far they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...domain import Clock, Purpose, Run, RunStatus
from ..database import Database, Reader, Row, Transaction


@dataclass(frozen=True, slots=True)
class Attempt:
    """A run that isn't over, with what it takes to start it.

    Attributes:
        commit: The experiment's source.
        setting: The experiment's.
        attempts: Runs of the experiment so far, this one counted.
        cancel_reason: Set when someone asked for the experiment to end.
        purpose: The experiment's.
        doomed: Why the lab itself asked for it.
        accused: The last run of its twin before it, if that failed as tampering: its weights are to be evaluated again.
        nonce: The experiment's random text, which its run folders name; empty for what was launched under schema 1.
        shorter: Of a run that wasn't started yet, at a longer horizon of a validation: the run of the same source and seed that
            succeeded there with the longest shorter budget. None if there is no such run.
    """

    run: Run
    commit: str
    seed: int
    budget_seconds: float
    clock: Clock
    setting: str
    attempts: int
    cancel_reason: str | None
    purpose: Purpose = Purpose.IDEA
    doomed: str | None = None
    accused: str | None = None
    nonce: str = ""
    shorter: str | None = None


@dataclass(frozen=True, slots=True)
class News:
    """How far a run is.

    Attributes:
        phase: `starting`, `running` or `evaluating`.
        heartbeat_at: When it last gave a sign of life, as a Unix time.
    """

    run: Run
    phase: RunStatus
    heartbeat_at: float


@dataclass(frozen=True, slots=True)
class RecentRun:
    """A run that isn't over, or was over lately.

    Attributes:
        number: Its experiment.
        began: When it took its slot, as a Unix time.
        ended: When it let it go; None while it runs.
        has_score: Whether its experiment has a score.
    """

    id: str
    number: int
    pool: str
    status: RunStatus
    began: float
    ended: float | None
    has_score: bool


_ACCUSED = (
    "(SELECT id FROM runs AS last WHERE last.experiment = (SELECT twin.number FROM experiments AS twin WHERE twin.tree = e.tree"
    " AND twin.seed = e.seed AND twin.budget_seconds = e.budget_seconds AND twin.gpu = e.gpu AND twin.number < e.number"
    " AND twin.status = 'failed' ORDER BY twin.number DESC LIMIT 1) AND (SELECT failure FROM experiments"
    " WHERE number = last.experiment) = 'tampering' ORDER BY attempt DESC LIMIT 1)"
)


# CROSS JOIN has SQLite begin with the open validations, which are few, and not with all pairs.
_SHORTER = (
    "CASE WHEN e.purpose = 'validation' AND runs.handle = '{}' THEN"
    " (SELECT last.id FROM validations INDEXED BY validations_open"
    " CROSS JOIN pairs AS longer ON longer.validation = validations.number AND longer.stage = validations.stage"
    " CROSS JOIN stages ON stages.validation = longer.validation AND stages.place = longer.stage AND stages.kind = 'horizon'"
    " CROSS JOIN pairs AS before ON before.validation = longer.validation AND before.stage < longer.stage"
    " CROSS JOIN experiments AS s ON s.number IN (before.candidate, before.against)"
    " CROSS JOIN runs AS last ON last.experiment = s.number"
    " WHERE validations.finished_seq IS NULL AND e.number IN (longer.candidate, longer.against)"
    " AND s.commit_hash = e.commit_hash AND s.seed = e.seed AND s.budget_seconds < e.budget_seconds"
    " AND s.status = 'succeeded' AND last.status = 'finished' ORDER BY s.budget_seconds DESC, last.attempt DESC LIMIT 1) END"
)


async def active(db: Database) -> list[Attempt]:
    """All runs that aren't over, the oldest first."""
    rows = await db.rows(
        "SELECT runs.*, commit_hash, seed, budget_seconds, clock, setting, attempts, cancel_reason, nonce,"  # noqa: S608  this module's
        f" purpose, stops.reason AS doomed, {_ACCUSED} AS accused, {_SHORTER} AS shorter"
        " FROM runs JOIN experiments AS e ON e.number = runs.experiment"
        " LEFT JOIN stops ON stops.experiment = runs.experiment"
        " WHERE runs.status NOT IN ('finished', 'lost') ORDER BY runs.created_at, runs.experiment"
    )
    return [
        Attempt(
            run=run_record(row),
            commit=row["commit_hash"],
            seed=row["seed"],
            budget_seconds=row["budget_seconds"],
            clock=row["clock"],
            setting=row["setting"],
            attempts=row["attempts"],
            cancel_reason=row["cancel_reason"],
            purpose=Purpose(row["purpose"]),
            doomed=row["doomed"],
            accused=row["accused"],
            nonce=row["nonce"],
            shorter=row["shorter"],
        )
        for row in rows
    ]


async def recent(reader: Reader, since: float) -> list[RecentRun]:
    """Return the runs that aren't over, or ended after `since`, a Unix time; the earliest first."""
    rows = await reader.rows(
        "SELECT id, experiment, pool, runs.status, created_at, runs.finished_at, score IS NOT NULL AS has_score"
        " FROM runs JOIN experiments ON number = experiment"
        " WHERE runs.finished_at IS NULL OR runs.finished_at > ? ORDER BY created_at, experiment",
        (since,),
    )
    return [
        RecentRun(
            id=row["id"],
            number=row["experiment"],
            pool=row["pool"],
            status=RunStatus(row["status"]),
            began=row["created_at"],
            ended=row["finished_at"],
            has_score=bool(row["has_score"]),
        )
        for row in rows
    ]


async def save_handles(tx: Transaction, handles: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep what a backend needs to find runs again: their handles, by run id."""
    await tx.many("UPDATE runs SET handle = ? WHERE id = ?", [(json.dumps(handle), run) for run, handle in handles.items()])


async def save_news(tx: Transaction, news: Sequence[News]) -> None:
    """Note how far runs are."""
    await tx.many(
        "UPDATE runs SET status = ?, heartbeat_at = ?, running_at = iif(? = 'starting', NULL, coalesce(running_at, ?))"
        " WHERE id = ?",
        [(new.phase, new.heartbeat_at, new.phase, new.heartbeat_at, new.run.id) for new in news],
    )
    await tx.many(
        "UPDATE experiments SET status = ? WHERE number = ? AND status != ?",
        [(new.phase, new.run.experiment, new.phase) for new in news],
    )


async def runs_of(reader: Reader, experiment: int) -> list[Run]:
    """The attempts at an experiment, in their order."""
    rows = await reader.rows("SELECT * FROM runs WHERE experiment = ? ORDER BY attempt", (experiment,))
    return [run_record(row) for row in rows]


def run_record(row: Row) -> Run:
    """A row of `runs`."""
    return Run(
        id=row["id"],
        experiment=row["experiment"],
        attempt=row["attempt"],
        pool=row["pool"],
        handle=json.loads(row["handle"]),
        status=RunStatus(row["status"]),
        created_at=row["created_at"],
        heartbeat_at=row["heartbeat_at"],
        gpus=row["gpus"],
    )
