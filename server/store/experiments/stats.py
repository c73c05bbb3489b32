"""Sums over all experiments of a lab, read from indexes alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ...domain import MAX_SCORE, Failure, Purpose, Status, Verdict
from ..comparison.source_scores import COMPARABLE
from ..database import Reader

MEASURED = 50
"""The newest runs of a source that say how fast it is."""
NEWEST = 200
"""Scores that say where the research is going on."""
BLOCK = 1000
"""Rows that are read at once where all are."""
_NOT_SUCCEEDED = json.dumps(sorted(set(Status) - {Status.SUCCEEDED}))


_CHAMPION_TREES = (
    "SELECT tree FROM champions JOIN sources USING (commit_hash) WHERE experiment IS NOT NULL"
    " UNION ALL SELECT tree FROM experiments WHERE number IN (SELECT experiment FROM champions)"
)
"""The sources that are or were champion, without the baseline. The candidates that they were confirmed as may have had older
protected files, so that their content differs."""


@dataclass(frozen=True, slots=True)
class ThemeTally:
    """The results of one line of research.

    Attributes:
        best_gain: The best gain in one stratum; None if none of its experiments has a gain there.
    """

    name: str
    tried: int
    failed: int
    best_gain: float | None


@dataclass(frozen=True, slots=True)
class Throughput:
    """The speed of one run's training."""

    gpu: str
    tokens_per_second: float


@dataclass(frozen=True, slots=True)
class Note:
    """A note of the notebook."""

    text: str
    by: str
    experiments: list[int]


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A finished experiment, as an export shows it.

    Attributes:
        base: The experiment that it was made from; None for the baseline.
        peak_memory_bytes: None if it wasn't measured.
        metrics: The metrics that it isn't judged by.
    """

    number: int
    commit: str
    score: float | None
    verdict: Verdict
    failure: Failure | None
    purpose: Purpose
    base: int | None
    changes: str
    hypothesis: str
    peak_memory_bytes: float | None
    metrics: Mapping[str, float | None]


async def themes(reader: Reader, stratum: int | None, most: int) -> list[ThemeTally]:
    """Return the themes with the most experiments, with the best gain of each in one stratum."""
    rows = await reader.rows(
        # A gain that was judged before scores had a range says nothing. The index on themes has no score.
        "SELECT theme, count(*) AS tried, total(status = 'failed') AS failed,"  # noqa: S608  a constant
        f" max(CASE WHEN stratum = ? AND gain BETWEEN -{MAX_SCORE!r} AND {MAX_SCORE!r} THEN gain END) AS best_gain"
        " FROM experiments WHERE theme IS NOT NULL GROUP BY theme ORDER BY tried DESC, theme LIMIT ?",
        (stratum, most),
    )
    return [ThemeTally(row["theme"], row["tried"], int(row["failed"]), row["best_gain"]) for row in rows]


async def by_status(reader: Reader) -> dict[Status, int]:
    """Return the number of experiments with each status."""
    # Most have succeeded: SQLite counts a whole table faster than a part of it.
    rows = await reader.rows(
        "SELECT status, count(*) AS count FROM experiments WHERE status IN (SELECT value FROM json_each(?)) GROUP BY status",
        (_NOT_SUCCEEDED,),
    )
    counts = {Status(row["status"]): row["count"] for row in rows}
    whole = await reader.row("SELECT count(*) FROM experiments")
    succeeded = (whole[0] if whole else 0) - sum(counts.values())
    return counts | {Status.SUCCEEDED: succeeded} if succeeded else counts


@dataclass(frozen=True, slots=True)
class LabTotals:
    """Sums over all experiments.

    Attributes:
        launched: How many there are.
        gpu_seconds: What they held; estimated for those that aren't finished.
        usd: What that cost.
        verdicts: How many scored experiments have each verdict, the most frequent first.
        scored: How many experiments are scored in each stratum.
    """

    launched: int
    gpu_seconds: float
    usd: float
    verdicts: Mapping[str, int]
    scored: Mapping[int, int]


async def totals(reader: Reader) -> LabTotals:
    """Returns sums over all experiments, from indexes alone."""
    sums = await reader.row(
        "SELECT count(*) AS launched, total(gpu_seconds) AS gpu_seconds, total(usd) AS usd FROM experiments"
        " INDEXED BY experiments_status"
    )
    verdicts = await reader.rows(
        "SELECT verdict, count(*) AS count FROM experiments INDEXED BY experiments_best WHERE score IS NOT NULL"
        " GROUP BY verdict ORDER BY count DESC, verdict"
    )
    strata = await reader.rows(
        "SELECT stratum, count(*) AS count FROM experiments INDEXED BY experiments_best WHERE score IS NOT NULL"
        " GROUP BY stratum"
    )
    return LabTotals(
        launched=sums["launched"] if sums else 0,
        gpu_seconds=sums["gpu_seconds"] if sums else 0.0,
        usd=sums["usd"] if sums else 0.0,
        verdicts={row["verdict"]: row["count"] for row in verdicts},
        scored={row["stratum"]: row["count"] for row in strata},
    )


async def main_stratum(reader: Reader) -> int | None:
    """Return the stratum that most of the newest scores belong to; None if nothing is scored."""
    # `+score` keeps SQLite from the index on scores: the one on the order of finishing reads the newest rows only.
    row = await reader.row(
        "SELECT stratum FROM (SELECT stratum FROM experiments WHERE finished_seq IS NOT NULL AND +score IS NOT NULL"
        " ORDER BY finished_seq DESC LIMIT ?) GROUP BY stratum ORDER BY count(*) DESC, stratum DESC LIMIT 1",
        (NEWEST,),
    )
    return row["stratum"] if row else None


async def winners(reader: Reader, stratum: int, *, lower_is_better: bool, most: int) -> list[int]:
    """Return the best experiments of a stratum that beat its reference, one of each source.

    Champions and former champions are left out: the reference is the champion, and one of its own seeds would read as a gain
    on itself.
    """
    best, direction = ("min", "") if lower_is_better else ("max", " DESC")
    rows = await reader.rows(
        # The index holds promising and confirmed experiments only. Without the hint SQLite reads the whole stratum.
        f"SELECT number, {best}(score) AS best FROM experiments INDEXED BY experiments_winners"  # noqa: S608
        f" WHERE verdict IN ('promising', 'confirmed') AND stratum = ? AND {COMPARABLE} AND purpose = 'idea'"
        f" AND (gain IS NULL OR gain > 0) AND tree NOT IN ({_CHAMPION_TREES})"
        f" GROUP BY tree ORDER BY best{direction}, number LIMIT ?",
        (stratum, most),
    )
    return [row["number"] for row in rows]


async def active_by_caller(reader: Reader) -> dict[str, list[int]]:
    """Return the running experiments by who launched them."""
    rows = await reader.rows(
        "SELECT launched_by, number FROM experiments WHERE status IN ('starting', 'running', 'evaluating') ORDER BY number"
    )
    callers: dict[str, list[int]] = {}
    for row in rows:
        callers.setdefault(row["launched_by"], []).append(row["number"])
    return callers


async def improvements(reader: Reader) -> int:
    """Return how often a validation has made another source the champion."""
    row = await reader.row("SELECT count(*) - 1 FROM champions")
    return row[0] if row else 0


async def throughputs(reader: Reader, tree: str) -> list[Throughput]:
    """Return how fast the newest runs of a source trained, if that was measured."""
    rows = await reader.rows(
        "SELECT gpu, tokens / seconds AS speed FROM ("
        " SELECT gpu, json_extract(result, '$.measures.tokens') * 1.0 AS tokens,"
        " coalesce(json_extract(result, '$.seconds.training_wall'), json_extract(result, '$.seconds.training')) AS seconds"
        " FROM experiments WHERE tree = ? AND score IS NOT NULL ORDER BY number DESC LIMIT ?)"
        " WHERE tokens > 0 AND seconds > 0",
        (tree, MEASURED),
    )
    return [Throughput(row["gpu"], row["speed"]) for row in rows]


async def ancestry(reader: Reader, experiment: int, most: int) -> list[tuple[int, str]]:
    """Return an experiment and the experiments that its source was made from, the newest first, with what each changed."""
    rows = await reader.rows(
        "WITH RECURSIVE line (number, base, changes, depth) AS ("
        " SELECT number, base, changes, 1 FROM experiments WHERE number = ?"
        " UNION ALL SELECT e.number, e.base, e.changes, depth + 1 FROM experiments AS e JOIN line ON e.number = line.base"
        " WHERE depth < ?) SELECT number, changes FROM line ORDER BY depth",
        (experiment, most),
    )
    return [(row["number"], row["changes"]) for row in rows]


async def finished(reader: Reader, after: int) -> list[ExportRow]:
    """Return the next finished experiments, by number."""
    # `+finished_seq` keeps SQLite from the index on the order of finishing, which would sort the whole table by number.
    rows = await reader.rows(
        "SELECT number, commit_hash, score, verdict, failure, purpose, base, changes, hypothesis,"
        " json_extract(result, '$.measures.peak_memory_bytes') AS peak_memory_bytes, result ->> '$.metrics' AS metrics"
        " FROM experiments WHERE number > ? AND +finished_seq IS NOT NULL ORDER BY number LIMIT ?",
        (after, BLOCK),
    )
    return [
        ExportRow(
            number=row["number"],
            commit=row["commit_hash"],
            score=row["score"],
            verdict=Verdict(row["verdict"]),
            failure=Failure(row["failure"]) if row["failure"] else None,
            purpose=Purpose(row["purpose"]),
            base=row["base"],
            changes=row["changes"],
            hypothesis=row["hypothesis"],
            peak_memory_bytes=row["peak_memory_bytes"],
            metrics=json.loads(row["metrics"] or "{}"),
        )
        for row in rows
    ]


async def notes(reader: Reader, most: int) -> list[Note]:
    """Return the newest notes."""
    rows = await reader.rows("SELECT text, written_by, experiments FROM notes ORDER BY number DESC LIMIT ?", (most,))
    return [Note(row["text"], row["written_by"], json.loads(row["experiments"])) for row in rows]
