"""Strata: which scores can be compared, against which reference, and the verdicts that follow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...domain import Stratum, is_comparable
from ...research.arms import Figures, NewVerdict, ScoredExperiment
from ...research.conditions.pace import RunPace
from ..database import Reader, Row, Transaction
from . import champions
from .champions import Champion

# Replicates that the lab adds carry the trainer's protected files as they stood at their launch: another tree, the same source.
_SCORED = (
    "SELECT number, tree, score, purpose IN ('idea', 'spot_check') AS is_idea, must_beat,"
    " (tree = :tree OR (:experiment IS NULL AND purpose = 'baseline')"
    " OR (purpose = 'champion' AND base = :experiment)) AS is_reference, started_at, finished_at,"
    " coalesce(result ->> '$.measures.steps', result ->> '$.measures.tokens') AS steps,"
    " result ->> '$.seconds.training' AS training, result ->> '$.seconds.training_wall' AS training_wall,"
    " result ->> '$.metrics' AS metrics, result ->> '$.output' AS output, flags"
    " FROM experiments WHERE stratum = :stratum AND score IS NOT NULL"
)
_TESTED = "verdict IN ('confirmed', 'not_shown')"
_STRATA = (
    "SELECT strata.*, champions.experiment AS reference_experiment"
    " FROM strata LEFT JOIN champions ON champions.number = strata.champion"
)


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
    """Return the number of the stratum with these facts. It is added if it doesn't exist."""
    text = json.dumps(facts, sort_keys=True)
    row = await tx.row("SELECT number FROM strata WHERE facts = ?", (text,))
    return int(row["number"]) if row else await tx.insert("INSERT INTO strata (facts) VALUES (?)", (text,))


async def numbers(tx: Transaction) -> list[int]:
    """Return the numbers of all strata."""
    return [row["number"] for row in await tx.rows("SELECT number FROM strata ORDER BY number")]


async def scored(
    tx: Transaction, stratum: int, champion: Champion, only: Sequence[int] | None = None
) -> list[ScoredExperiment]:
    """Return the experiments of a stratum that have a score.

    Args:
        tx: The transaction.
        stratum: The number of the stratum.
        champion: The champion, whose replicates are the reference.
        only: Numbers of experiments; return no others.
    """
    parameters = {"tree": champion.tree, "experiment": champion.experiment, "stratum": stratum}
    if only is None:
        rows = await tx.rows(_SCORED, parameters)
    else:
        # One parameter for each number: with a list in one parameter, SQLite reads the whole stratum instead of these rows.
        named = {f"n{place}": number for place, number in enumerate(only)}
        rows = await tx.rows(f"{_SCORED} AND number IN ({', '.join(f':{name}' for name in named)})", {**parameters, **named})
    return [
        ScoredExperiment(
            row["number"],
            row["tree"],
            row["score"],
            bool(row["is_reference"]),
            bool(row["is_idea"]),
            row["must_beat"],
            run_pace(row),
            json.loads(row["metrics"] or "{}"),
            json.loads(row["flags"]),
            row["output"],
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
    return [
        BaselineRun(row["finished_at"], row["score"], run_pace(row)) for row in reversed(rows) if is_comparable(row["score"])
    ]


async def read(tx: Transaction, number: int) -> Stratum | None:
    """Return a stratum as it was last described; None if it doesn't exist."""
    row = await tx.row(f"{_STRATA} WHERE strata.number = ?", (number,))
    return stratum_record(row) if row else None


async def describe(tx: Transaction, number: int, champion: int, reference_sd: float | None, figures: Figures) -> None:
    """Write down what is known of a stratum; see `domain.Stratum`.

    Args:
        tx: The transaction.
        number: The number of the stratum.
        champion: The reference, by its row among the champions.
        reference_sd: The standard deviation of the reference's scores.
        figures: The reference's mean, its number of replicates, the noise, and the degrees of freedom.
    """
    await tx.execute(
        "UPDATE strata SET champion = ?, reference_sd = ?, reference = ?, replicates = ?, noise = ?, degrees = ?"
        " WHERE number = ?",
        (champion, reference_sd, *figures, number),
    )


async def save_verdicts(tx: Transaction, verdicts: Iterable[NewVerdict]) -> None:
    """Write verdicts down. The verdict of a validation stays, and the gain changes with the reference."""
    await tx.many(
        f"UPDATE experiments SET verdict = iif({_TESTED}, verdict, ?), reason = iif({_TESTED}, reason, ?),"  # noqa: S608
        " gain = ?, doubt = ?"
        " WHERE number = ?",
        [(new.verdict, new.reason, new.gain, new.doubt, new.number) for new in verdicts],
    )


async def all_strata(reader: Reader) -> dict[int, Stratum]:
    """Return all strata by number."""
    return {row["number"]: stratum_record(row) for row in await reader.rows(_STRATA)}


def stratum_record(row: Row) -> Stratum:
    """Return the stratum of a row of `strata`, joined with its champion's experiment."""
    return Stratum(
        number=row["number"],
        facts=json.loads(row["facts"]),
        reference=row["reference"],
        replicates=row["replicates"],
        noise=row["noise"],
        degrees=row["degrees"],
        reference_sd=row["reference_sd"],
        champion=row["champion"],
        reference_name="" if row["champion"] is None else champions.name(row["reference_experiment"]),
    )
