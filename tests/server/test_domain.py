"""Metrics, and errors that name what would do."""

from __future__ import annotations

import pytest
from labhand.server.domain import Metric
from labhand.server.errors import nearest


@pytest.mark.parametrize(("direction", "gain"), [("minimize", 0.5), ("maximize", -0.5)])
def test_a_gain_is_positive_when_better(direction: str, gain: float) -> None:
    metric = Metric("loss", "minimize" if direction == "minimize" else "maximize", self_reported=False)
    assert metric.gain(1.0, 1.5) == gain


def test_unknown_names_are_answered_with_the_nearest_or_with_all() -> None:
    knobs = ["WIDTH", "DEPTH"]

    assert nearest("dept", knobs, "knobs") == "Did you mean DEPTH?"
    assert nearest("dept", knobs, "knobs", "See docs") == "Did you mean DEPTH? See docs"
    assert nearest("dept", knobs, "knobs", lists_all=True) == "Did you mean DEPTH? The knobs are: DEPTH, WIDTH"
    assert nearest("zzz", knobs, "knobs") == "The knobs are: DEPTH, WIDTH"
    assert nearest("zzz", knobs, "knobs", "See docs") == "The knobs are: DEPTH, WIDTH. See docs"
    assert nearest("zzz", [], "knobs", "See docs") == "There are no knobs. See docs"
    assert nearest("x" * 300_000, [f"K{n}" for n in range(45)], "knobs").endswith("and 5 more")
