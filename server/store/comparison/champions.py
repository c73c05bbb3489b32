"""The champions in turn: the first row is the baseline, the newest is the champion, which is the reference of every stratum."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...ids import experiment_id
from ..database import Reader, Row, Transaction

BASELINE = "baseline"
"""The name of the first champion: the trainer's source, as `lab.baseline_source` says."""


@dataclass(frozen=True, slots=True)
class Champion:
    """A source that was, or is, the best.

    Attributes:
        number: Its row among the champions; the baseline's is the lowest.
        commit: The commit of its source.
        tree: The content of the source.
        experiment: The experiment that was confirmed; None for the baseline.
    """

    number: int
    commit: str
    tree: str
    experiment: int | None

    @property
    def name(self) -> str:
        """The name that callers use: `e0057` or `baseline`."""
        return name(self.experiment)


@dataclass(frozen=True, slots=True)
class ChampionPeriod:
    """A champion, and since when it is or was the champion: a Unix time."""

    champion: Champion
    since: float


_CHAMPION = (
    "SELECT number, commit_hash, tree, experiment, since FROM champions JOIN sources USING (commit_hash) ORDER BY number"
)


def name(experiment: int | None) -> str:
    """Return the name of a champion, given by its experiment."""
    return BASELINE if experiment is None else experiment_id(experiment)


async def baseline(reader: Reader) -> Champion | None:
    """Return the source that is the baseline; None while the lab is being created."""
    return _champion(await reader.row(f"{_CHAMPION} LIMIT 1"))


async def champion(reader: Reader) -> Champion | None:
    """Return the best source that a validation has confirmed; the baseline if none has."""
    return _champion(await reader.row(f"{_CHAMPION} DESC LIMIT 1"))


async def history(reader: Reader) -> list[ChampionPeriod]:
    """Return all champions in turn, the baseline first."""
    rows = await reader.rows(_CHAMPION)
    return [
        ChampionPeriod(Champion(row["number"], row["commit_hash"], row["tree"], row["experiment"]), row["since"])
        for row in rows
    ]


async def knobs(reader: Reader, commit: str) -> Mapping[str, Any]:
    """Return the values of all knobs of a source; empty if the source is unknown."""
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


async def replace_baseline(tx: Transaction, number: int, commit: str) -> None:
    """Make another source the baseline, whose row has this number."""
    await tx.execute("UPDATE champions SET commit_hash = ? WHERE number = ?", (commit, number))


def _champion(row: Row | None) -> Champion | None:
    return Champion(row["number"], row["commit_hash"], row["tree"], row["experiment"]) if row else None
