from __future__ import annotations

import pytest
from labhand.server.lab.durations import duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.6, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (-3, "0 s")],
)
def test_a_time_is_told_in_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words
