"""Strata: which scores can be compared, against what, and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...domain import Stratum
from ...research.arms import NewVerdict, ScoredExperiment
from ...research.conditions.pace import RunPace
from ..database import Reader, Row, Transaction

# The baseline's replicates carry the trainer's protected files as they stood at their launch: another tree, the same source.
_SCORED = (
    "SELECT number, tree, score, purpose IN ('idea', 'spot_check') AS is_idea, must_beat,"
    " (tree = ? OR (? AND purpose = 'baseline')) AS is_reference, started_at, finished_at,"
    " coalesce(result ->> '$.measures.steps', result ->> '$.measures.tokens') AS steps,"
    " result ->> '$.seconds.training' AS training, result ->> '$.seconds.training_wall' AS training_wall"
    " FROM experiments WHERE stratum = ? AND score IS NOT NULL"
)
_TESTED = "verdict IN ('confirmed', 'not_shown')"


@dataclass(frozen=True, slots=True)
class BaselineRun:
    """A scored run of the baseline's source.

    Attributes:
        finished_at: As a Unix time.
        pace: The steps that it made; None if it reported none.
    """

    finished_at: float
    score: float
    pace: RunPace | None


async def find(tx: Transaction, facts: Mapping[str, Any]) -> int:
    """The number of the stratum with these facts, made where there is none."""
    text = json.dumps(facts, sort_keys=True)
    row = await tx.row("SELECT number FROM strata WHERE facts = ?", (text,))
    return int(row["number"]) if row else await tx.insert("INSERT INTO strata (facts) VALUES (?)", (text,))


async def numbers(tx: Transaction) -> list[int]:
    """All strata."""
    return [row["number"] for row in await tx.rows("SELECT number FROM strata ORDER BY number")]


async def scored(
    tx: Transaction, stratum: int, champion_tree: str, *, is_baseline: bool, only: Sequence[int] | None = None
) -> list[ScoredExperiment]:
    """The experiments of a stratum that have a score.

    Args:
        tx: The transaction.
        stratum: Its number.
        champion_tree: The champion's source.
        is_baseline: The champion is the baseline.
        only: Look at these experiments alone.
    """
    parameters = (champion_tree, is_baseline, stratum)
    if only is None:
        rows = await tx.rows(_SCORED, parameters)
    else:
        rows = await tx.rows(f"{_SCORED} AND number IN ({', '.join('?' * len(only))})", (*parameters, *only))
    return [
        ScoredExperiment(
            row["number"],
            row["tree"],
            row["score"],
            bool(row["is_reference"]),
            bool(row["is_idea"]),
            row["must_beat"],
            run_pace(row),
        )
        for row in rows
    ]


def run_pace(row: Row) -> RunPace | None:
    """What a run got of the machine; None if it reported no steps."""
    steps, training, wall = row["steps"], row["training"], row["training_wall"]
    if not _is_positive(steps) or row["started_at"] is None or row["finished_at"] is None:
        return None
    share = training / wall if _is_positive(training) and _is_positive(wall) else None
    return RunPace(float(steps), row["started_at"], row["finished_at"], share)


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and value > 0


async def baseline_runs(reader: Reader, stratum: int, baseline_tree: str, most: int) -> list[BaselineRun]:
    """The newest runs of the baseline's source in a stratum, whatever they were for, the oldest of them first."""
    figures = (
        "number, finished_at, score, started_at,"
        " coalesce(result ->> '$.measures.steps', result ->> '$.measures.tokens') AS steps,"
        " result ->> '$.seconds.training' AS training, result ->> '$.seconds.training_wall' AS training_wall"
    )
    # Unary plus: the stratum's index would read the whole stratum, and these are few of it.
    rows = await reader.rows(
        f"SELECT * FROM (SELECT {figures} FROM experiments WHERE tree = ? AND +stratum = ? AND +score IS NOT NULL"  # noqa: S608
        f" UNION SELECT {figures} FROM experiments WHERE purpose = 'baseline' AND +stratum = ? AND +score IS NOT NULL"
        " AND setting = (SELECT setting FROM experiments WHERE stratum = ? AND score IS NOT NULL LIMIT 1))"
        " WHERE finished_at IS NOT NULL ORDER BY number DESC LIMIT ?",
        (baseline_tree, stratum, stratum, stratum, most),
    )
    return [BaselineRun(row["finished_at"], row["score"], run_pace(row)) for row in reversed(rows)]


async def read(tx: Transaction, number: int) -> Stratum | None:
    """A stratum as it was last described."""
    row = await tx.row("SELECT * FROM strata WHERE number = ?", (number,))
    return stratum_record(row) if row else None


async def describe(
    tx: Transaction, number: int, reference: float | None, replicates: int, noise: float | None, degrees: int
) -> None:
    """Keep what is known of a stratum; see `domain.Stratum`."""
    await tx.execute(
        "UPDATE strata SET reference = ?, replicates = ?, noise = ?, degrees = ? WHERE number = ?",
        (reference, replicates, noise, degrees, number),
    )


async def save_verdicts(tx: Transaction, verdicts: Iterable[NewVerdict]) -> None:
    """Keep what is said of experiments. The verdict of a validation stays, and the gain goes with the reference."""
    await tx.many(
        f"UPDATE experiments SET verdict = iif({_TESTED}, verdict, ?), reason = iif({_TESTED}, reason, ?),"  # noqa: S608
        " gain = ?, doubt = ?"
        " WHERE number = ?",
        [(new.verdict, new.reason, new.gain, new.doubt, new.number) for new in verdicts],
    )


async def all_strata(reader: Reader) -> dict[int, Stratum]:
    """All strata by number."""
    return {row["number"]: stratum_record(row) for row in await reader.rows("SELECT * FROM strata")}


def stratum_record(row: Row) -> Stratum:
    """A row of `strata`."""
    return Stratum(
        number=row["number"],
        facts=json.loads(row["facts"]),
        reference=row["reference"],
        replicates=row["replicates"],
        noise=row["noise"],
        degrees=row["degrees"],
    )
