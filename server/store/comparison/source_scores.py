"""Scores by source: means over seeds, and replicates. A score that is out of range counts nowhere."""

# ruff: noqa: S608  statements are put together of this module's own text; values are parameters

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ...domain import MAX_SCORE
from ..database import Reader

COMPARABLE = f"(score BETWEEN -{MAX_SCORE!r} AND {MAX_SCORE!r})"
"""The condition that a score is compared with others: a sum with a larger one would say nothing about any of them."""


@dataclass(frozen=True, slots=True)
class Base:
    """A source that experiments were made from, in the stratum in which they are scored.

    Attributes:
        experiment: The experiment whose source it is; None for the baseline.
        stratum: The number of the stratum.
        setting: The setting of the experiments that were made from it.
    """

    experiment: int | None
    stratum: int
    setting: str


async def means(reader: Reader, stratum: int) -> dict[str, float]:
    """Return the mean score of every source in a stratum, by the source's tree."""
    rows = await reader.rows(
        f"SELECT tree, avg(score) AS mean FROM experiments WHERE stratum = ? AND {COMPARABLE} GROUP BY tree",
        (stratum,),
    )
    return {row["tree"]: row["mean"] for row in rows}


async def replicates(reader: Reader, setting: str) -> list[list[float]]:
    """Return the unsuspected scores in the newest stratum of a setting, one list for each source."""
    rows = await reader.rows(
        f"SELECT tree, score FROM experiments WHERE {COMPARABLE} AND must_beat IS NULL AND stratum ="
        " (SELECT stratum FROM experiments WHERE setting = ? AND stratum IS NOT NULL ORDER BY number DESC LIMIT 1)"
        " ORDER BY number",
        (setting,),
    )
    arms: defaultdict[str, list[float]] = defaultdict(list)
    for row in rows:
        arms[row["tree"]].append(row["score"])
    return list(arms.values())


async def score_of(reader: Reader, tree: str, stratum: int) -> tuple[float | None, int]:
    """Return the mean score of a source in a stratum, and the number of its scores there."""
    row = await reader.row(
        # `+stratum` keeps SQLite from the index on the stratum, which may hold every experiment. The one on the tree holds few.
        f"SELECT avg(score) AS mean, count(score) AS seeds FROM experiments WHERE +stratum = ? AND tree = ? AND {COMPARABLE}",
        (stratum, tree),
    )
    return (row["mean"], row["seeds"]) if row else (None, 0)


async def is_doubted(reader: Reader, tree: str, setting: str, doubt: str) -> bool:
    """Return whether scores of a source in a setting have a doubt, such as `unseeded`."""
    row = await reader.row(
        "SELECT 1 FROM experiments WHERE tree = ? AND setting = ? AND doubt = ? AND status = 'succeeded' LIMIT 1",
        (tree, setting, doubt),
    )
    return row is not None


async def base_means(reader: Reader, bases: Iterable[Base]) -> dict[Base, float]:
    """Return the mean score of each base in its stratum; a base without a score there is left out.

    All runs of the base's source count, those of validations included, as where that source is the reference. A score that was
    not reproduced doesn't count, as in verdicts.
    """
    wanted = list(dict.fromkeys(bases))
    if not wanted:
        return {}
    counts = f"{COMPARABLE} AND coalesce(doubt, '') <> 'not_reproduced'"
    rows = await reader.rows(
        "WITH wanted (place, base, stratum, setting) AS"
        " (SELECT key, value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)), baseline (tree) AS"
        " (SELECT tree FROM champions JOIN sources USING (commit_hash) ORDER BY champions.number LIMIT 1)"
        # `+stratum`: as in `score_of`.
        " SELECT place, CASE WHEN wanted.base IS NULL THEN"
        " (SELECT avg(score) FROM experiments AS e WHERE e.tree IN"
        "   (SELECT tree FROM experiments WHERE setting = wanted.setting AND purpose = 'baseline' UNION SELECT * FROM baseline)"
        f"  AND +e.stratum = wanted.stratum AND {counts})"
        " ELSE (SELECT avg(score) FROM experiments AS e"
        "  WHERE e.tree = (SELECT tree FROM experiments WHERE number = wanted.base)"
        f"  AND +e.stratum = wanted.stratum AND {counts}) END AS mean FROM wanted",
        (json.dumps([[base.experiment, base.stratum, base.setting] for base in wanted]),),
    )
    return {wanted[row["place"]]: row["mean"] for row in rows if row["mean"] is not None}
