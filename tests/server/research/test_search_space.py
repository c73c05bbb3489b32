from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from labhand.server.errors import BadInputError
from labhand.server.research.search_space import Choice, Range, Space, observed_space, search_space
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution


def test_two_numbers_are_the_ends_of_a_range_and_anything_else_a_list() -> None:
    lists: dict[str, list[Any]] = {"WIDTH": [256, 1024, 512], "ACT": ["relu", "gelu"], "ON": [True, False]}
    space = search_space({"DEPTH": [12, 4], "LR": [0.001, 0.1], **lists})
    assert space.knobs == {
        "DEPTH": Range(4, 12),
        "LR": Range(0.001, 0.1),
        "WIDTH": Choice([256, 512, 1024]),
        "ACT": Choice(["relu", "gelu"]),
        "ON": Choice([True, False]),
    }
    assert space.distributions() == {
        "DEPTH": IntDistribution(4, 12),
        "LR": FloatDistribution(0.001, 0.1, log=True),
        "WIDTH": IntDistribution(0, 2),
        "ACT": CategoricalDistribution([0, 1]),
        "ON": CategoricalDistribution([0, 1]),
    }


def test_values_come_back_as_they_were() -> None:
    space = search_space({"BETAS": [[0.8, 0.95], [0.9, 0.95]], "WIDTH": [256, 512, 1024], "LR": [0.001, 0.1]})
    knobs = {"BETAS": [0.9, 0.95], "WIDTH": 512, "LR": 0.02}
    params = space.encode({**knobs, "OTHER": 1})
    assert params == {"BETAS": 1, "WIDTH": 1, "LR": 0.02}
    assert space.decode(params or {}) == knobs


@pytest.mark.parametrize("knobs", [{"N": 5}, {"N": 20}, {"N": 4.5}, {"N": True}, {}, {"N": None}])
def test_what_lies_outside_has_no_place(knobs: dict[str, object]) -> None:
    encoded = search_space({"N": [4, 12], "A": ["x", "y", "z"]}).encode({"A": "x", **knobs})
    assert (encoded is not None) == (knobs == {"N": 5})


def distance(space: Space, left: dict[str, Any], right: dict[str, Any]) -> float:
    return float(space.distances(np.array([space.coordinates(left)]), space.coordinates(right))[0])


def test_distance_is_logarithmic_where_ratios_matter_and_by_place_in_lists_of_numbers() -> None:
    space = search_space({"LR": [0.001, 0.1]})
    assert distance(space, {"LR": 0.001}, {"LR": 0.01}) == pytest.approx(0.5)
    widths = search_space({"W": [1, 2, 100]})
    assert distance(widths, {"W": 0}, {"W": 1}) == pytest.approx(0.5)
    assert distance(search_space({"A": ["x", "y", "z"]}), {"A": 0}, {"A": 2}) == 1
    assert distance(search_space({"LR": [0.001, 0.1], "A": ["x", "y"]}), {"LR": 0.001, "A": 0}, {"LR": 0.1, "A": 0}) == 0.5


def test_the_observed_space_has_the_knobs_that_differ_and_that_all_have() -> None:
    space = observed_space([{"A": 1, "B": 2, "C": "x"}, {"A": 3, "B": 2, "D": 1, "C": "y"}])
    assert space.knobs == {"A": Choice([1, 3]), "C": Choice(["x", "y"])}
    assert observed_space([]).knobs == {}


@pytest.mark.parametrize("factors", [{}, {"A": []}])
def test_nothing_to_search_is_refused(factors: dict[str, list[int]]) -> None:
    with pytest.raises(BadInputError):
        search_space(factors)
