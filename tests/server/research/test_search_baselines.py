from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from labhand.server.research.search_baselines import optimiser_replay, random_search
from labhand.server.research.tpe import TrialRecord

FACTORS = {"A": [0, 63], "B": [0, 63]}


def test_random_search_is_the_mean_best_over_every_draw() -> None:
    gains = [0.3, -0.5, None, 0.1, 0.3, 0.2, -0.1]
    for experiments in range(1, len(gains) + 1):
        best = [max(0.0, *(gain or 0.0 for gain in draw)) for draw in combinations(gains, experiments)]
        assert random_search(gains, experiments) == pytest.approx(np.mean(best))


def test_random_search_of_many_experiments_is_finite_and_rises_to_the_best() -> None:
    gains = np.random.default_rng(0).standard_normal(2000).tolist()
    course = [random_search(gains, experiments) for experiments in (1, 10, 100, 1000, 2000)]
    assert course == sorted(course)
    assert course[-1] == pytest.approx(max(gains))


@pytest.mark.parametrize("experiments", [0, 4])
def test_no_more_can_be_drawn_than_ran(experiments: int) -> None:
    with pytest.raises(ValueError, match="can't draw"):
        random_search([0.1, None, 0.2], experiments)


def test_the_replay_gets_each_experiment_once_and_ends_at_the_best() -> None:
    cells = [{"A": place, "B": place} for place in range(30)]
    table = [TrialRecord(cell, "scored", cell["A"]) if cell["A"] % 5 else TrialRecord(cell, "failed") for cell in cells]
    course = optimiser_replay(table, FACTORS, 100, "minimize")
    assert len(course) == 30
    assert course[-1] == 1
    assert optimiser_replay(table[:1], FACTORS, 5, "minimize") == [None]


def test_the_replay_finds_a_good_cell_sooner_than_chance() -> None:
    rng = np.random.default_rng(1)
    cells = [{"A": int(a), "B": int(b)} for a, b in rng.integers(0, 64, (150, 2))]
    table = [TrialRecord(cell, "scored", ((cell["A"] - 40) / 64) ** 2 + ((cell["B"] - 20) / 64) ** 2) for cell in cells]
    scores = [entry.score or 0.0 for entry in table]
    expected = max(scores) - random_search([max(scores) - score for score in scores], 30)
    reached = [optimiser_replay(table, FACTORS, 30, "minimize", seed=seed)[-1] for seed in range(4)]
    assert float(np.mean([score for score in reached if score is not None])) < expected
