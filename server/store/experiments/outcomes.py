"""What came of each experiment, in a few columns: for pictures of the whole lab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...domain import Outcome, Verdict
from ..database import Reader


async def outcomes(reader: Reader, stratum: int, most: int) -> Sequence[Outcome]:
    """Return the newest experiments that ended in a stratum, in the order in which they ended.

    An experiment that failed by its own fault has no stratum: it counts where others of its setting have a score.
    """
    rows = await reader.rows(
        "SELECT number, score, verdict, finished_at FROM experiments WHERE finished_seq IS NOT NULL AND (stratum = :stratum"
        " AND score IS NOT NULL OR score IS NULL AND status IN ('failed', 'stopped') AND setting IN"
        " (SELECT DISTINCT setting FROM experiments WHERE stratum = :stratum AND score IS NOT NULL))"
        " ORDER BY finished_seq DESC LIMIT :most",
        {"stratum": stratum, "most": most},
    )
    return [Outcome(row["number"], row["score"], Verdict(row["verdict"]), row["finished_at"] or 0.0) for row in reversed(rows)]


async def scored_by_stratum(reader: Reader) -> Mapping[int, int]:
    """Return the number of scored experiments of each stratum."""
    rows = await reader.rows(
        "SELECT stratum, count(*) AS scored FROM experiments WHERE score IS NOT NULL AND stratum IS NOT NULL GROUP BY stratum"
    )
    return {row["stratum"]: row["scored"] for row in rows}
