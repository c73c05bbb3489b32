"""What launching writes: sources, grids, experiments, and the answer that was given."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .database import Transaction


@dataclass(frozen=True, slots=True)
class KeptSource:
    """A source as the table of sources tells it.

    Attributes:
        changes: Against its base, in a few words.
        diffstat: Lines added and removed against its base.
        knobs: Every knob's value.
    """

    commit: str
    tree: str
    changes: str
    diffstat: str
    knobs: Mapping[str, Any]


async def keep_sources(tx: Transaction, sources: Sequence[KeptSource]) -> None:
    """Write sources down; those that are known stay as they are."""
    await tx.many(
        "INSERT OR IGNORE INTO sources (commit_hash, tree, changes, diffstat, knobs) VALUES (?, ?, ?, ?, ?)",
        [(source.commit, source.tree, source.changes, source.diffstat, json.dumps(source.knobs)) for source in sources],
    )
