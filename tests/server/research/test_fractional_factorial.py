from __future__ import annotations

from functools import reduce
from itertools import combinations

import numpy as np
import pytest
from labhand.server.errors import BadInputError
from labhand.server.research.fractional_factorial import aliases, columns, levels, resolution


def word_lengths(chosen: list[int]) -> list[int]:
    """How many words of length 3, 4, 5 the defining relation has, counted from the columns alone."""
    return [sum(reduce(int.__xor__, word) == 0 for word in combinations(chosen, length)) for length in (3, 4, 5)]


@pytest.mark.parametrize(
    ("factors", "runs", "lengths"),
    [
        # Chen, Sun and Wu 1993, the first design of each size.
        (5, 8, [2, 1, 0]),
        (7, 8, [7, 7, 0]),
        (6, 16, [0, 3, 0]),
        (8, 16, [0, 14, 0]),
        (9, 16, [4, 14, 8]),
        (15, 16, [35, 105, 168]),
        (7, 32, [0, 1, 2]),
        (8, 32, [0, 3, 4]),
        (9, 32, [0, 6, 8]),
        (11, 32, [0, 25, 0]),
        (16, 32, [0, 140, 0]),
        (8, 64, [0, 0, 2]),
        (9, 64, [0, 1, 4]),
        (10, 64, [0, 2, 8]),
        (11, 64, [0, 4, 14]),
        (12, 64, [0, 6, 24]),
        (16, 64, [0, 43, 81]),
    ],
)
def test_fractions_have_the_published_word_lengths_of_minimum_aberration(factors: int, runs: int, lengths: list[int]) -> None:
    chosen = columns(factors, runs)
    assert len(levels(chosen)) == runs
    assert word_lengths(chosen) == lengths


@pytest.mark.parametrize("basic", [3, 4])
def test_no_choice_of_generators_has_less_aberration(basic: int) -> None:
    candidates = [column for column in range(2**basic) if column.bit_count() > 1]
    base = [2**place for place in range(basic)]
    for generated in range(1, 5):
        best = min(word_lengths([*base, *some]) for some in combinations(candidates, generated))
        assert word_lengths(columns(basic + generated, 2**basic)) == best


def test_columns_are_balanced_and_orthogonal() -> None:
    for factors, runs in [(7, 8), (6, 16), (11, 32), (13, 64)]:
        signs = np.where(levels(columns(factors, runs)), 1, -1)
        assert (signs.T @ signs == runs * np.eye(factors, dtype=int)).all()


def test_a_generated_factor_is_the_product_of_its_basic_ones() -> None:
    # Box, Hunter and Hunter's 2^(4-1) with D = ABC.
    signs = np.where(levels(columns(4, 8)), 1, -1)
    assert (signs[:, 3] == signs[:, :3].prod(axis=1)).all()


def test_the_default_is_the_smallest_fraction_of_resolution_four() -> None:
    for factors, runs in [(4, 8), (5, 16), (8, 16), (9, 32), (16, 32)]:
        chosen = columns(factors)
        assert len(levels(chosen)) == runs
        assert resolution(chosen) >= 4


def test_aliases_are_exactly_the_pairs_of_effects_with_equal_columns() -> None:
    assert aliases(columns(4, 8), list("ABCD")) == [["A*B", "C*D"], ["A*C", "B*D"], ["A*D", "B*C"]]
    assert aliases(columns(3, 4), list("ABC")) == [["A", "B*C"], ["B", "A*C"], ["C", "A*B"]]
    assert aliases(columns(5, 16), list("ABCDE")) == []


def test_too_many_factors_or_too_few_runs_are_refused_with_the_sizes_there_are() -> None:
    with pytest.raises(BadInputError, match=r"\[16, 32, 64\]"):
        columns(9, 8)
    with pytest.raises(BadInputError, match="latin_hypercube"):
        columns(17)
