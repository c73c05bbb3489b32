"""A look at the database by a process that must start fast: a few queries through SQLite itself, read only.

`Database` needs libraries whose import takes longer than these queries. A lab is neither made nor brought up to date here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from .running.hold_scopes import HELD

ACTIVE = ("starting", "running", "evaluating")
"""`domain.ACTIVE`, whose import takes long; a test compares them."""
BUSY_SECONDS = 1.0
MAX_BEST = 3
"""News that are shown in full."""
MAX_MESSAGES = 5
"""Of the person: when these are answered, the next ones are shown."""


class ChampionGlance(NamedTuple):
    """The champion, with its gain on the baseline where a validation measured it."""

    experiment: int | None = None
    validation: int | None = None
    gain: float | None = None
    low: float | None = None
    high: float | None = None


class PendingGlance(NamedTuple):
    """What hasn't ended, by the numbers of experiments and validations.

    Attributes:
        queued: Without those that are held.
        held: Queued, but others like them have failed.
        validations: The validations without a verdict.
        paired: Experiments of all validations that go on, which are among the others. Also those with a verdict go on, to
            measure the gain.
    """

    active: Sequence[int] = ()
    queued: Sequence[int] = ()
    held: Sequence[int] = ()
    validations: Sequence[int] = ()
    paired: frozenset[int] = frozenset()

    @property
    def alone(self) -> list[int]:
        """The experiments that can end and belong to no validation."""
        return [number for number in (*self.active, *self.queued) if number not in self.paired]


class SeenGlance(NamedTuple):
    """How far somebody has seen what finished: the `finished_seq` of the last experiment and of the last validation."""

    experiments: int = 0
    validations: int = 0


class BestNews(NamedTuple):
    """An experiment that finished and is promising."""

    experiment: int
    gain: float | None
    changes: str


class VerdictNews(NamedTuple):
    """A validation that finished."""

    validation: int
    candidate: int
    verdict: str


class NewsGlance(NamedTuple):
    """What finished since somebody looked.

    Attributes:
        verdicts: The number of experiments with each verdict; those without a score have none.
        failures: The number of experiments with each class of failure.
        best: The promising ones with the largest gains.
    """

    verdicts: dict[str, int]
    failures: dict[str, int]
    best: Sequence[BestNews] = ()
    validations: Sequence[VerdictNews] = ()


class MessageGlance(NamedTuple):
    """A message of the person that no note answers."""

    number: int
    text: str


class LabGlance(NamedTuple):
    """The lab at one moment.

    Attributes:
        trainer: The trainer's name.
        seen: What has finished by now.
        untested: Promising experiments whose source no validation has tested, the best first.
        pause: The reason of the person's pause, which may be empty; None if the lab isn't paused.
    """

    trainer: str
    champion: ChampionGlance
    pending: PendingGlance
    news: NewsGlance
    seen: SeenGlance
    untested: Sequence[int]
    messages: Sequence[MessageGlance]
    pause: str | None


def read_glance(path: Path, since: SeenGlance | None, caller: str | None = None) -> LabGlance | None:
    """Return what stands in the database at `path`; None if there is none, or it can't be read as this labhand writes it.

    Args:
        path: Of the database.
        since: What finished until then is no news. None if nothing is known of it: all of it is.
        caller: Whose experiments and validations are pending; None for everyone's.
    """
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as database:
            database.execute("BEGIN")  # all queries see one moment
            return _glance(database, since or SeenGlance(), caller)
    except (sqlite3.Error, ValueError):  # another version wrote it, or it is broken: the tools say so
        return None


def _glance(database: sqlite3.Connection, since: SeenGlance, caller: str | None) -> LabGlance:
    facts = dict(database.execute("SELECT name, value FROM facts WHERE name IN ('trainer', 'paused')"))
    messages = database.execute("SELECT number, text FROM messages WHERE note IS NULL ORDER BY number LIMIT ?", (MAX_MESSAGES,))
    return LabGlance(
        trainer=facts.get("trainer", ""),
        champion=_champion(database),
        pending=_pending(database, caller),
        news=_news(database, since),
        seen=SeenGlance(_newest(database, "experiments"), _newest(database, "validations")),
        untested=_untested(database),
        messages=[MessageGlance(*row) for row in messages],
        pause=str(json.loads(facts["paused"]).get("reason", "")) if facts.get("paused") else None,
    )


def _newest(database: sqlite3.Connection, table: str) -> int:
    row = database.execute(f"SELECT max(finished_seq) FROM {table}").fetchone()  # noqa: S608 - two constants
    return int(row[0] or 0)


def _champion(database: sqlite3.Connection) -> ChampionGlance:
    row = database.execute("SELECT experiment FROM champions ORDER BY number DESC LIMIT 1").fetchone()
    if row is None or row[0] is None:
        return ChampionGlance()
    made = database.execute(
        "SELECT number, gain, low, high FROM (SELECT max(number) AS number FROM validations WHERE promoted)"
        " LEFT JOIN stages ON validation = number AND kind = 'report'"
    ).fetchone()
    return ChampionGlance(row[0], *made)


def _pending(database: sqlite3.Connection, caller: str | None) -> PendingGlance:
    mine = ("(? IS NULL OR launched_by = ?)", (caller, caller))
    active = _numbers(database, f"experiments WHERE status IN {ACTIVE} AND {mine[0]}", mine[1])
    queued = _numbers(database, f"experiments WHERE status = 'queued' AND {mine[0]}", mine[1])
    held = set(_numbers(database, f"experiments WHERE status = 'queued' AND {mine[0]} AND {HELD}", mine[1]))
    tests = _numbers(database, f"validations WHERE finished_seq IS NULL AND verdict = 'pending' AND {mine[0]}", mine[1])
    paired = database.execute(
        "SELECT experiment FROM paired JOIN validations ON number = validation WHERE finished_seq IS NULL"
    )
    startable = [number for number in queued if number not in held]
    return PendingGlance(active, startable, sorted(held), tests, frozenset(row[0] for row in paired))


def _numbers(database: sqlite3.Connection, rest: str, parameters: Sequence[Any]) -> list[int]:
    return [row[0] for row in database.execute(f"SELECT number FROM {rest} ORDER BY number", parameters)]  # noqa: S608


def _news(database: sqlite3.Connection, since: SeenGlance) -> NewsGlance:
    after = (since.experiments,)
    verdicts = database.execute(
        "SELECT verdict, count(*) FROM experiments WHERE finished_seq > ? AND failure IS NULL GROUP BY verdict", after
    )
    failures = database.execute(
        "SELECT failure, count(*) FROM experiments WHERE finished_seq > ? AND failure IS NOT NULL GROUP BY failure", after
    )
    best = database.execute(
        "SELECT number, gain, changes FROM experiments WHERE finished_seq > ? AND verdict IN ('promising', 'confirmed')"
        " ORDER BY gain DESC LIMIT ?",
        (*after, MAX_BEST),
    )
    tests = database.execute(
        "SELECT number, candidate, verdict FROM validations WHERE finished_seq > ? ORDER BY finished_seq", (since.validations,)
    )
    return NewsGlance(
        dict(verdicts.fetchall()),
        dict(failures.fetchall()),
        [BestNews(*row) for row in best],
        [VerdictNews(*row) for row in tests],
    )


def _untested(database: sqlite3.Connection) -> list[int]:
    """Return the best promising experiment of each source in the newest stratum, unless a validation had its source."""
    rows = database.execute(
        "SELECT number, max(gain) AS best FROM experiments WHERE verdict = 'promising' AND purpose = 'idea'"
        " AND stratum = (SELECT stratum FROM experiments WHERE score IS NOT NULL ORDER BY finished_seq DESC LIMIT 1)"
        " AND tree NOT IN (SELECT tree FROM experiments JOIN validations ON candidate = experiments.number)"
        " GROUP BY tree ORDER BY best DESC LIMIT ?",
        (MAX_BEST,),
    )
    return [row[0] for row in rows]
