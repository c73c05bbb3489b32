"""Strata: which scores can be compared, against what, and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ....trainer.contract.run_result import MAX_NUMBER
from ...domain import Stratum
from ...research.arms import NewVerdict, ScoredExperiment
from ..database import Reader, Row, Transaction

# The baseline's replicates carry the trainer's protected files as they stood at their launch: another tree, the same source.
_SCORED = (
    "SELECT number, tree, score, purpose IN ('idea', 'spot_check') AS is_idea, must_beat,"  # noqa: S608 - constants
    " (tree = ? OR (? AND purpose = 'baseline')) AS is_reference"
    # An older version also kept scores whose squares no float can hold.
    f" FROM experiments WHERE stratum = ? AND score BETWEEN {-MAX_NUMBER} AND {MAX_NUMBER}"
)
_TESTED = "verdict IN ('confirmed', 'not_shown')"


async def find(tx: Transaction, facts: Mapping[str, Any]) -> int:
    """The number of the stratum with these facts, made where there is none."""
    text = json.dumps(facts, sort_keys=True)
    await tx.execute("INSERT INTO strata (facts) VALUES (?) ON CONFLICT (facts) DO NOTHING", (text,))
    row = await tx.row("SELECT number FROM strata WHERE facts = ?", (text,))
    return int(row["number"]) if row else 0


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
            row["number"], row["tree"], row["score"], bool(row["is_reference"]), bool(row["is_idea"]), row["must_beat"]
        )
        for row in rows
    ]


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


async def save_verdicts(tx: Transaction, said: Iterable[NewVerdict]) -> None:
    """Keep what is said of experiments. The verdict of a validation stays, and the gain goes with the reference."""
    await tx.many(
        f"UPDATE experiments SET verdict = iif({_TESTED}, verdict, ?), reason = iif({_TESTED}, reason, ?),"  # noqa: S608
        " gain = ?, doubt = ?"
        " WHERE number = ?",
        [(one.verdict, one.reason, one.gain, one.doubt, one.number) for one in said],
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
