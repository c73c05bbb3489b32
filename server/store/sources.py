"""Sources: one row for each distinct commit of the history of sources."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source as the table of sources tells it.

    Attributes:
        changes: Against its base, in a few words.
        diffstat: Lines added and removed against its base.
        knobs: Every knob's value.
        flags: What it touches that the baseline doesn't; see `server.flags`.
    """

    commit: str
    tree: str
    changes: str
    diffstat: str
    knobs: Mapping[str, Any]
    flags: Sequence[str] = ()


async def has_any_tree(reader: Reader, trees: Sequence[str]) -> bool:
    """Whether the lab has a source of one of these contents."""
    sql = "SELECT 1 FROM sources WHERE tree IN (SELECT value FROM json_each(?)) LIMIT 1"
    return await reader.row(sql, (json.dumps(list(trees)),)) is not None


async def knobs_of(reader: Reader, commits: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the value of every knob of several sources, by commit."""
    sql = "SELECT commit_hash, knobs FROM sources WHERE commit_hash IN (SELECT value FROM json_each(?))"
    return {row["commit_hash"]: json.loads(row["knobs"]) for row in await reader.rows(sql, (json.dumps(sorted(commits)),))}


async def save_sources(tx: Transaction, sources: Iterable[SourceRow]) -> None:
    """Write sources down; those that are known stay as they are."""
    await tx.many(
        "INSERT OR IGNORE INTO sources (commit_hash, tree, changes, diffstat, knobs, flags) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (new.commit, new.tree, new.changes, new.diffstat, json.dumps(new.knobs), json.dumps(list(new.flags)))
            for new in sources
        ],
    )
