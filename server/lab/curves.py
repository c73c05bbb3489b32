"""Training curves, as runners left them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

Curve = Sequence[tuple[float, float]]
"""Seconds of training and loss."""
FILE = "curve.jsonl"
LARGEST = 16 << 20
"""Bytes that are read of one."""


def read_curve(folder: Path) -> list[tuple[float, float]]:
    """Seconds of training and loss, from a run's folder; what isn't a report of two finite numbers is passed over."""
    try:
        with (folder / FILE).open("rb") as file:
            lines = file.read(LARGEST).splitlines()
    except OSError:
        return []
    return [point for line in lines if (point := _point(line)) is not None]


def _point(line: bytes) -> tuple[float, float] | None:
    try:
        report = json.loads(line)
        seconds, loss = float(report["seconds"]), float(report["loss"])
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):  # an experiment may have written there
        return None
    return (seconds, loss) if math.isfinite(seconds) and math.isfinite(loss) else None
