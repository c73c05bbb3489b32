"""The metrics of experiments that they aren't judged by, one row for each value, so that results can be sorted by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..database import Reader, Transaction


async def save(tx: Transaction, experiment: int, metrics: Mapping[str, Any]) -> None:
    """Write the metrics of an experiment that has ended. A metric that its run didn't give is left out."""
    await tx.many(
        "INSERT OR REPLACE INTO metric_values (name, experiment, value) VALUES (?, ?, ?)",
        [(name, experiment, float(value)) for name, value in metrics.items() if isinstance(value, int | float)],
    )


async def names(reader: Reader) -> list[str]:
    """Return the names of all metrics that any experiment has."""
    return [row["name"] for row in await reader.rows("SELECT DISTINCT name FROM metric_values ORDER BY name")]
