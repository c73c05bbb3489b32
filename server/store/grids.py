"""Grids: experiments that were launched together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class NewGrid:
    """Experiments launched together."""

    hypothesis: str
    design: str
    factors: Mapping[str, Any]
    theme: str | None
    launched_by: str
    launched_at: float


async def save_grid(tx: Transaction, grid: NewGrid) -> int:
    """Write a grid down, and return its number."""
    return await tx.insert(
        "INSERT INTO grids (hypothesis, design, factors, theme, launched_by, launched_at) VALUES (?, ?, ?, ?, ?, ?)",
        (grid.hypothesis, grid.design, json.dumps(grid.factors), grid.theme, grid.launched_by, grid.launched_at),
    )


async def save_reused_cells(tx: Transaction, grid: int, cells: Mapping[int, str]) -> None:
    """Write down cells that were not run again because the same experiment existed.

    Args:
        tx: The transaction.
        grid: The number of the grid.
        cells: The number of each experiment, with the name of its variant in this grid.
    """
    await tx.many(
        "INSERT INTO reused_cells (grid, experiment, variant) VALUES (?, ?, ?)",
        [(grid, experiment, variant) for experiment, variant in cells.items()],
    )


async def reused_names(reader: Reader, grids: Sequence[int]) -> dict[int, str]:
    """Return the names under which grids know experiments that they reused; an experiment without a name is left out."""
    rows = await reader.rows(
        "SELECT experiment, variant FROM reused_cells WHERE grid IN (SELECT value FROM json_each(?)) AND variant <> ''",
        (json.dumps(list(grids)),),
    )
    return {row["experiment"]: row["variant"] for row in rows}
