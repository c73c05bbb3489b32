"""Times in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def duration(seconds: float) -> str:
    """Return a time in the two largest units: `45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = max(0, round(seconds))
    units: Sequence[tuple[int, str]] = ((3600, "h"), (60, "min"), (1, "s"))
    for (size, name), (smaller, smaller_name) in pairwise(units):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {name} {rest} {smaller_name}" if rest else f"{whole // size} {name}"
    return f"{whole} s"
