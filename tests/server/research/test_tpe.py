from __future__ import annotations

import math
from typing import Any

import numpy as np
from labhand.server.research.tpe import TrialRecord, importance, propose

BOWL: dict[str, list[Any]] = {"LR": [0.001, 1.0], "DEPTH": [2, 12], "ACT": ["relu", "gelu", "tanh"]}


def score(knobs: dict[str, Any]) -> float:
    """A bowl with its minimum 0 at LR = 0.03, DEPTH = 8, gelu."""
    rate, depth = math.log10(knobs["LR"] / 0.03), float(knobs["DEPTH"] - 8) / 4
    return rate**2 + depth**2 + (0.0 if knobs["ACT"] == "gelu" else 0.3)


def drawn(count: int, seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    return [
        {"LR": float(10 ** rng.uniform(-3, 0)), "DEPTH": int(rng.integers(2, 13)), "ACT": str(rng.choice(BOWL["ACT"]))}
        for _ in range(count)
    ]


def scored(cells: list[dict[str, Any]]) -> list[TrialRecord]:
    return [TrialRecord(cell, "scored", score(cell)) for cell in cells]


def test_a_batch_lies_in_the_space_and_is_the_same_for_the_same_seed() -> None:
    batch = propose([], BOWL, 6, "minimize", seed=1)
    assert len(batch) == 6
    assert all(0.001 <= cell["LR"] <= 1 and cell["DEPTH"] in range(2, 13) and cell["ACT"] in BOWL["ACT"] for cell in batch)
    assert batch == propose([], BOWL, 6, "minimize", seed=1)
    assert batch != propose([], BOWL, 6, "minimize", seed=2)


def test_it_learns_from_the_ledger_whichever_way_is_better() -> None:
    ledger = scored(drawn(40, seed=0))
    flipped = [TrialRecord(entry.knobs, "scored", -(entry.score or 0.0)) for entry in ledger]
    batches = propose(ledger, BOWL, 8, "minimize"), propose(flipped, BOWL, 8, "maximize")
    assert batches[0] == batches[1]
    # A random cell scores 2.1 on average, with a standard deviation of 1.4.
    assert float(np.mean([score(cell) for cell in batches[0]])) < 1.0


def test_another_contexts_experiments_say_nothing() -> None:
    ledger = [TrialRecord(entry.knobs, "scored", entry.score, context="other code") for entry in scored(drawn(40, seed=0))]
    assert propose(ledger, BOWL, 5, "minimize") == propose([], BOWL, 5, "minimize")


def test_what_was_tried_is_not_proposed_again_and_an_exhausted_space_gives_fewer() -> None:
    factors: dict[str, list[Any]] = {"A": [1, 2, 3], "B": ["x", "y", "z"]}
    tried = [TrialRecord({"A": 1, "B": "x"}, "scored", 0.1), TrialRecord({"A": 1, "B": "y"}, "failed")]
    tried.append(TrialRecord({"A": 2, "B": "x"}, "pending"))
    batch = propose(tried, factors, 20, "minimize")
    cells = {(cell["A"], cell["B"]) for cell in batch}
    assert len(cells) == len(batch) == 6
    assert not cells & {(1, "x"), (1, "y"), (2, "x")}


def test_failures_keep_it_away_without_a_score_that_bends_anything() -> None:
    # Half of the space runs out of memory; what ran favours its border.
    cells = drawn(60, seed=5)
    ledger = [TrialRecord(cell, "failed") if cell["DEPTH"] > 7 else TrialRecord(cell, "scored", score(cell)) for cell in cells]
    batch = propose(ledger, BOWL, 10, "minimize", seed=3)
    assert sum(cell["DEPTH"] > 7 for cell in batch) <= 1  # at random five, and four if failures were forgotten


def test_pending_experiments_spread_a_batch() -> None:
    ledger = scored(drawn(30, seed=1))
    first = propose(ledger, BOWL, 1, "minimize", seed=4)[0]
    pending = [TrialRecord({**first, "LR": first["LR"] * factor}, "pending") for factor in np.linspace(0.9, 1.1, 30).tolist()]
    again = propose([*ledger, *pending], BOWL, 1, "minimize", seed=4)[0]
    assert again != first


def test_replicates_count_once_by_their_mean() -> None:
    cells = drawn(20, seed=2)
    once = scored(cells)
    twice = [TrialRecord(entry.knobs, "scored", (entry.score or 0.0) + offset) for entry in once for offset in (-0.25, 0.25)]
    assert propose(once, BOWL, 3, "minimize") == propose(twice, BOWL, 3, "minimize")


def test_importance_finds_the_knob_that_matters() -> None:
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 8, (120, 2)).tolist()
    ledger = [TrialRecord({"A": a, "B": b, "C": "same"}, "scored", a + 0.05 * b) for a, b in cells]
    shares = importance(ledger, "minimize")
    assert list(shares) == ["A", "B"]
    assert shares["A"] > 0.8
    assert math.isclose(sum(shares.values()), 1)


def test_a_handful_of_experiments_has_no_importance() -> None:
    assert importance(scored(drawn(19, seed=0)), "minimize") == {}
    assert importance([TrialRecord({"A": 1}, "scored", 0.1)] * 30, "minimize") == {}
    assert importance([], "minimize") == {}
