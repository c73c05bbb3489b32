"""Training curves in run folders. An experiment reports them of itself, so every line is checked."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from .files import open_plain
from .run_folder import CURVE
from .run_result import MAX_NUMBER, MAX_SECONDS

Point = tuple[float, float]
"""Seconds of training, and loss."""
MAX_CURVE_BYTES = 16 << 20
"""That are read of one."""
END_BYTES = 4096
"""Of its end, which hold the latest reports."""


def read_curve(folder: Path) -> list[Point]:
    """The curve in a run's folder; a line that isn't a report of two numbers of a usable size is skipped."""
    return _points(_read(folder, 0, MAX_CURVE_BYTES).splitlines())


def read_ends(folder: Path) -> list[Point]:
    """The first report of a curve and its latest ones, however long it is."""
    first = _read(folder, 0, END_BYTES).partition(b"\n")[0]
    # The line that the end begins in is cut off, or is the first one.
    latest = _read(folder, -END_BYTES, END_BYTES).splitlines()[1:]
    return _points([first, *latest])


def thinned(curve: Sequence[Point], max_points: int) -> list[Point]:
    """At most `max_points` points, evenly spread, the first and the last among them."""
    if len(curve) <= max_points:
        return list(curve)
    return [curve[round(place * (len(curve) - 1) / (max_points - 1))] for place in range(max_points)]


def _read(folder: Path, start: int, size: int) -> bytes:
    """At most `size` bytes from `start` on, counted from the end where negative; empty if there is no regular file."""
    descriptor = open_plain(folder / CURVE)
    if descriptor is None:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        if start < 0:
            file.seek(max(0, os.fstat(descriptor).st_size + start))
        return file.read(size)


def _points(lines: Iterable[bytes]) -> list[Point]:
    return [point for line in lines if (point := _point(line)) is not None]


def _point(line: bytes) -> Point | None:
    try:
        report = json.loads(line)
        seconds, loss = float(report["seconds"]), float(report["loss"])
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None
    return (seconds, loss) if 0 <= seconds <= MAX_SECONDS and abs(loss) <= MAX_NUMBER else None
