"""Grids: experiments that were launched together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .database import Transaction


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
