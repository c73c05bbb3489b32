from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from labhand.server.errors import BadInputError
from labhand.server.research.designs import plan

THREE: dict[str, list[Any]] = {"DEPTH": [4, 6, 8], "LR": [0.01, 0.02], "ACT": ["relu", "gelu"]}
TWO_LEVEL: dict[str, list[int]] = {f"K{place}": [0, 1] for place in range(6)}


def test_full_is_every_combination_once_in_the_order_given() -> None:
    made = plan("full", THREE)
    assert len(made.cells) == 12
    assert made.cells[0] == {"DEPTH": 4, "LR": 0.01, "ACT": "relu"}
    assert made.cells[1] == {"DEPTH": 4, "LR": 0.01, "ACT": "gelu"}
    assert len({tuple(cell.values()) for cell in made.cells}) == 12


def test_a_value_listed_twice_counts_once() -> None:
    assert [cell["A"] for cell in plan("full", {"A": [1, 2, 1]}).cells] == [1, 2]


def test_fractional_names_its_resolution_and_aliases() -> None:
    made = plan("fractional", TWO_LEVEL)
    assert len(made.cells) == 16
    assert made.resolution == "IV"
    assert ["K0*K1", "K2*K4", "K3*K5"] in [sorted(group) for group in made.aliases]
    assert plan("fractional", TWO_LEVEL, size=40).resolution == "VI"
    assert plan("fractional", TWO_LEVEL, size=8).resolution == "III"


def test_a_fraction_that_can_be_whole_is() -> None:
    assert plan("fractional", TWO_LEVEL, size=64).cells == plan("full", TWO_LEVEL).cells
    assert len(plan("fractional", {"A": [1, 2], "B": [1, 2], "C": [1, 2]}).cells) == 8


def test_fractional_refuses_more_than_two_values() -> None:
    with pytest.raises(BadInputError, match="DEPTH has 3"):
        plan("fractional", THREE)


@pytest.mark.parametrize("size", [6, 7])
def test_a_latin_hypercube_uses_each_value_equally_often(size: int) -> None:
    cells = plan("latin_hypercube", {"A": [1, 2, 3], "B": list("abcdef"), "C": [1, 2]}, size=size, seed=3).cells
    assert len(cells) == size
    for knob in ("A", "B", "C"):
        counts = Counter(cell[knob] for cell in cells).values()
        assert max(counts) - min(counts) <= 1


def test_random_cells_are_distinct_and_the_same_for_the_same_seed() -> None:
    made = plan("random", THREE, size=12, seed=1)
    assert sorted(map(str, made.cells)) == sorted(map(str, plan("full", THREE).cells))
    assert plan("random", THREE, size=5, seed=1) == plan("random", THREE, size=5, seed=1)
    assert plan("random", THREE, size=5, seed=1) != plan("random", THREE, size=5, seed=2)


def test_random_can_draw_from_more_combinations_than_could_be_listed() -> None:
    cells = plan("random", {f"K{place}": list(range(100)) for place in range(20)}, size=50).cells
    assert len(cells) == 50
    assert len({cell["K19"] for cell in cells}) > 20


def test_one_at_a_time_starts_at_the_base_and_changes_one_knob_a_cell() -> None:
    made = plan("one_at_a_time", THREE)
    assert made.cells[0] == {}
    assert all(len(cell) == 1 for cell in made.cells[1:])
    assert len(made.cells) == 8
    assert "interaction" in made.tells


def test_a_design_says_when_it_is_too_small_for_main_effects() -> None:
    assert "fewer than the 5" in plan("latin_hypercube", THREE, size=4).tells
    assert "main effects" in plan("latin_hypercube", THREE, size=6).tells


@pytest.mark.parametrize(
    ("design", "factors", "size", "match"),
    [
        ("full", {}, None, "needs factors"),
        ("full", {"A": []}, None, "A has no values"),
        ("full", {f"K{place}": [0, 1] for place in range(10)}, None, "1,024 cells"),
        ("full", THREE, 4, "size=4"),
        ("random", THREE, None, "needs size"),
        ("random", THREE, 13, "than the 12"),
        ("random", {"A": list(range(2000))}, 1500, "1,500 cells"),
        ("latin_square", THREE, None, "latin_square"),
    ],
)
def test_what_does_not_go_together_is_refused(design: str, factors: dict[str, list[int]], size: int | None, match: str) -> None:
    with pytest.raises(BadInputError, match=match):
        plan(design, factors, size=size)
