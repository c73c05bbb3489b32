"""The champions in turn: the first row is the baseline, the newest the champion."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..database import Reader, Row, Transaction


@dataclass(frozen=True, slots=True)
class Champion:
    """A source that was, or is, the best.

    Attributes:
        commit: Its source.
        tree: The content of the source.
        experiment: Which confirmed it; None for the baseline.
    """

    commit: str
    tree: str
    experiment: int | None


@dataclass(frozen=True, slots=True)
class ChampionPeriod:
    """A champion, and since when: a Unix time."""

    champion: Champion
    since: float


_CHAMPION = "SELECT commit_hash, tree, experiment FROM champions JOIN sources USING (commit_hash) ORDER BY number"


async def baseline(reader: Reader) -> Champion | None:
    """The trainer's source when the lab was made; None while it is being made."""
    return _champion(await reader.row(f"{_CHAMPION} LIMIT 1"))


async def champion(reader: Reader) -> Champion | None:
    """The best source that a validation has confirmed, the baseline until then."""
    return _champion(await reader.row(f"{_CHAMPION} DESC LIMIT 1"))


async def of_stratum(reader: Reader, stratum: int) -> Champion | None:
    """The newest champion that has a score in a stratum; the baseline where none of them has."""
    row = await reader.row(
        "SELECT commit_hash, tree, experiment FROM champions JOIN sources USING (commit_hash)"
        " WHERE experiment IS NULL OR EXISTS (SELECT 1 FROM experiments"
        " WHERE experiments.tree = sources.tree AND stratum = ? AND score IS NOT NULL)"
        " ORDER BY number DESC LIMIT 1",
        (stratum,),
    )
    return _champion(row)


async def history(reader: Reader) -> list[ChampionPeriod]:
    """All champions in turn, the baseline first."""
    rows = await reader.rows(
        "SELECT commit_hash, tree, experiment, since FROM champions JOIN sources USING (commit_hash) ORDER BY number"
    )
    return [ChampionPeriod(Champion(row["commit_hash"], row["tree"], row["experiment"]), row["since"]) for row in rows]


async def knobs(reader: Reader, commit: str) -> Mapping[str, Any]:
    """Every knob of a source that is known."""
    row = await reader.row("SELECT knobs FROM sources WHERE commit_hash = ?", (commit,))
    return json.loads(row["knobs"]) if row else {}


async def knobs_of(reader: Reader, commits: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Every knob of several sources that is known, by commit."""
    rows = await reader.rows(
        "SELECT commit_hash, knobs FROM sources WHERE commit_hash IN (SELECT value FROM json_each(?))", (json.dumps(commits),)
    )
    return {row["commit_hash"]: json.loads(row["knobs"]) for row in rows}


async def add_champion(tx: Transaction, commit: str, experiment: int | None, since: float) -> None:
    """Make a source the champion from `since`, a Unix time."""
    await tx.insert("INSERT INTO champions (commit_hash, experiment, since) VALUES (?, ?, ?)", (commit, experiment, since))


def _champion(row: Row | None) -> Champion | None:
    return Champion(row["commit_hash"], row["tree"], row["experiment"]) if row else None
