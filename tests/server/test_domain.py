"""How things are named, and how seeds are assigned."""

from __future__ import annotations

import pytest
from labhand.server.domain import Metric, experiment_id, id_ranges, parse_ids, seed
from labhand.server.errors import BadInputError, nearest


def test_ids_and_ranges_are_read_as_answers_write_them() -> None:
    named = parse_ids(["e0042", "g007", "v003", "e0001-e0003", "e12..14", "e10000"])
    assert named == ([42, 1, 2, 3, 12, 13, 14, 10000], [7], [3])


def test_ranges_are_written_so_that_they_can_be_read_back() -> None:
    numbers = [1, 2, 3, 7, 9, 10, 12345]
    written = id_ranges(numbers)
    assert written == ["e0001-e0003", "e0007", "e0009-e0010", "e12345"]
    assert parse_ids(written)[0] == numbers


@pytest.mark.parametrize("name", ["42", "e", "x0001", "e0001-", "", "g001-g003", "e1;drop"])
def test_what_is_no_id_is_refused_with_what_would_do(name: str) -> None:
    with pytest.raises(BadInputError, match="e0042"):
        parse_ids([name])


def test_numbers_beyond_four_digits_keep_all_of_them() -> None:
    assert experiment_id(123456) == "e123456"


def test_seeds_are_the_same_for_a_setting_and_differ_between_labs_settings_and_replicates() -> None:
    seeds = {seed("a", "s", 0), seed("a", "s", 1), seed("a", "t", 0), seed("b", "s", 0)}
    assert len(seeds) == 4
    assert seed("a", "s", 1) == seed("a", "s", 1)
    assert all(0 <= value < 2**31 for value in seeds)


@pytest.mark.parametrize(("direction", "gain"), [("minimize", 0.5), ("maximize", -0.5)])
def test_a_gain_is_positive_when_better(direction: str, gain: float) -> None:
    metric = Metric("loss", "minimize" if direction == "minimize" else "maximize", self_reported=False)
    assert metric.gain(1.0, 1.5) == gain


def test_unknown_names_are_answered_with_the_nearest_or_with_all() -> None:
    assert nearest("dept", ["DEPTH", "WIDTH"]) == "Did you mean DEPTH?"
    assert nearest("zzz", ["DEPTH", "WIDTH"]) == "Available: DEPTH, WIDTH"
