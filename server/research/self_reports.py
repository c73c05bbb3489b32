"""What makes a self-reported score less believable: its source changed how the score is computed, printed or seeded."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain import Metric

_KINDS = ("metric:", "evaluation:", "seed:")
MAX_NAMED = 2
"""Flags that a reason names."""


def caution(metric: Metric, flags: Sequence[str]) -> str:
    """Return what a reader has to check before a gain is believed, to be put behind a reason; empty if there is nothing.

    Args:
        metric: Nothing is said of one that the evaluator measures.
        flags: Of the source that has the gain.
    """
    touched = [flag for flag in flags if flag.startswith(_KINDS)]
    if not metric.self_reported or not touched:
        return ""
    more = f" and {len(touched) - MAX_NAMED} more" if len(touched) > MAX_NAMED else ""
    return f"; self_reported: its change touches how it is measured, check that first ({'; '.join(touched[:MAX_NAMED])}{more})"
