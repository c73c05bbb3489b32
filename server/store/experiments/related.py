"""Experiments that are related to a source: duplicates, near misses, replicates."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from ...domain import Experiment
from ..database import Reader
from .rows import experiment_record


async def same_sources(reader: Reader, trees: Iterable[str], budget_seconds: float, gpu: str) -> list[Experiment]:
    """Returns all experiments with one of these contents, in this budget and on this kind of device, in any state."""
    rows = await reader.rows(
        "SELECT * FROM experiments WHERE tree IN (SELECT value FROM json_each(?)) AND budget_seconds = ? AND gpu = ?"
        " ORDER BY number",
        (json.dumps(sorted(set(trees))), budget_seconds, gpu),
    )
    return [experiment_record(row) for row in rows]


async def similar(reader: Reader, words: Sequence[str], tree: str, most: int) -> list[Experiment]:
    """Returns the newest experiments whose changes name all of `words`, one for each content other than `tree`."""
    if not words:
        return []
    rows = await reader.rows(
        "SELECT experiments.* FROM experiments_text JOIN experiments ON number = experiments_text.rowid"
        " WHERE experiments_text MATCH ? AND tree <> ? ORDER BY experiments_text.rowid DESC LIMIT ?",
        (" AND ".join(f'changes : "{word}"' for word in words), tree, 10 * most),
    )
    newest_of_tree: dict[str, Experiment] = {}
    for row in rows:
        newest_of_tree.setdefault(row["tree"], experiment_record(row))
    return list(newest_of_tree.values())[:most]


async def in_other_settings(reader: Reader, tree: str, settings: Sequence[tuple[float, str]], most: int) -> list[Experiment]:
    """Returns the newest experiment on a source for each other budget and kind of device, the newest first.

    Args:
        reader: The database.
        tree: The content of the source.
        settings: The budgets in seconds and kinds of device that are left out.
        most: How many to return at most.
    """
    rows = await reader.rows(
        "SELECT *, max(number) FROM experiments WHERE tree = ? GROUP BY budget_seconds, gpu ORDER BY number DESC", (tree,)
    )
    others = [row for row in rows if (row["budget_seconds"], row["gpu"]) not in settings]
    return [experiment_record(row) for row in others[:most]]


async def replicates(reader: Reader, experiment: Experiment) -> list[Experiment]:
    """Returns experiments on the same source in the same setting with other seeds, twenty at most."""
    rows = await reader.rows(
        "SELECT * FROM experiments WHERE tree = ? AND setting = ? AND number <> ? ORDER BY replicate LIMIT 20",
        (experiment.tree, experiment.setting, experiment.number),
    )
    return [experiment_record(row) for row in rows]
