"""Runs that used the same slot are in one lane."""

from __future__ import annotations

import time
from dataclasses import dataclass

from labhand.server.figures.slot_lanes import assign_lanes


@dataclass(frozen=True)
class Use:
    pool: str
    began: float
    ended: float


def test_a_run_is_in_the_first_lane_that_is_free() -> None:
    first, second, third, fourth = Use("a", 0, 10), Use("a", 1, 4), Use("a", 5, 6), Use("a", 10.2, 12)
    other = Use("b", 0, 10)
    assert assign_lanes([fourth, other, third, second, first]) == [
        ("a", [first, fourth]),
        ("a", [second, third]),
        ("b", [other]),
    ]


def test_a_run_that_begins_a_moment_before_the_last_one_ended_took_its_slot() -> None:
    assert assign_lanes([Use("a", 0, 10.3), Use("a", 10, 20)]) == [("a", [Use("a", 0, 10.3), Use("a", 10, 20)])]


def test_thousands_of_runs_at_once_take_little_time() -> None:
    began = time.process_time()
    lanes = assign_lanes([Use("a", place % 7, 100.0) for place in range(20_000)])
    assert len(lanes) == 20_000
    assert time.process_time() - began < 5
