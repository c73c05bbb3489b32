"""Training curves, as runners left them in run folders: what an experiment says of itself, so nothing is taken for granted."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

Point = tuple[float, float]
"""Seconds of training, and loss."""
FILE = "curve.jsonl"
LARGEST = 16 << 20
"""Bytes that are read of one."""
END = 4096
"""Bytes of its end that tell the latest reports."""


def read_curve(folder: Path) -> list[Point]:
    """The curve in a run's folder; what isn't a report of two finite numbers is passed over."""
    return _points(_read(folder, 0, LARGEST).splitlines())


def read_ends(folder: Path) -> list[Point]:
    """The first report of a curve and its latest ones, however long it is."""
    first = _read(folder, 0, END).partition(b"\n")[0]
    # The line that the end begins in is cut off, or is the first one.
    latest = _read(folder, -END, END).splitlines()[1:]
    return _points([first, *latest])


def thinned(curve: Sequence[Point], most: int) -> list[Point]:
    """So many points at the most, evenly spread, the first and the last among them."""
    if len(curve) <= most:
        return list(curve)
    return [curve[round(place * (len(curve) - 1) / (most - 1))] for place in range(most)]


def _read(folder: Path, start: int, most: int) -> bytes:
    """So many bytes from a place on, which counts from the end where it is negative; nothing where there is no such file."""
    try:
        # Without a sandbox an experiment can write there: a link could lead anywhere.
        descriptor = os.open(folder / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        if start < 0:
            file.seek(max(0, os.fstat(descriptor).st_size + start))
        return file.read(most)


def _points(lines: Iterable[bytes]) -> list[Point]:
    return [point for line in lines if (point := _point(line)) is not None]


def _point(line: bytes) -> Point | None:
    try:
        report = json.loads(line)
        seconds, loss = float(report["seconds"]), float(report["loss"])
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None
    return (seconds, loss) if math.isfinite(seconds) and math.isfinite(loss) else None
