"""How things are named."""

from __future__ import annotations

import pytest
from labhand.server.errors import BadInputError
from labhand.server.ids import experiment_id, id_ranges, parse_ids


def test_ids_and_ranges_are_read_as_answers_write_them() -> None:
    named = parse_ids(["e0042", "g007", "v003", "e0001-e0003", "e12..14", "e10000"])
    assert named == ([42, 1, 2, 3, 12, 13, 14, 10000], [7], [3])


def test_ids_are_read_in_any_case_without_zeros_and_with_commas() -> None:
    named = parse_ids(["E1", "1", "e0001", "G7", "V3", "E1-E3", "1-2", "e0004, e0006-e0007,"])
    assert named == ([1, 1, 1, 1, 2, 3, 1, 2, 4, 6, 7], [7], [3])


def test_ranges_are_written_so_that_they_can_be_read_back() -> None:
    numbers = [1, 2, 3, 7, 9, 10, 12345]
    written = id_ranges(numbers)
    assert written == ["e0001-e0003", "e0007", "e0009-e0010", "e12345"]
    assert parse_ids(written)[0] == numbers


@pytest.mark.parametrize("name", ["e", "42a", "e0042-1", "e0001 e0002", "x0001", "e0001-", "", "g001-g003", "e1;drop"])
def test_what_is_no_id_is_refused_with_what_would_do(name: str) -> None:
    with pytest.raises(BadInputError, match="e0042"):
        parse_ids([name])


def test_numbers_beyond_four_digits_keep_all_of_them() -> None:
    assert experiment_id(123456) == "e123456"
