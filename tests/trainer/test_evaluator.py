"""How a score comes about, and what the probes see."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from labhand.trainer.data import Split
from labhand.trainer.evaluator import bits_per_byte, fixed_rows, nats
from labhand.trainer.probes import Item, Seen, evidence, plan_batches, tokens_of


def test_the_loss_is_the_cross_entropy() -> None:
    random = np.random.default_rng(0)
    logits = (30 * random.standard_normal((3, 5, 7))).astype(np.float32)
    targets = random.integers(0, 7, (3, 5))
    expected = torch.nn.functional.cross_entropy(
        torch.tensor(logits, dtype=torch.float64).flatten(0, 1), torch.tensor(targets).flatten(), reduction="none"
    )
    assert nats(logits, targets).ravel() == pytest.approx(expected.numpy(), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_logits_that_are_no_numbers_give_no_finite_loss(bad: float) -> None:
    logits = np.zeros((1, 1, 4), np.float32)
    logits[0, 0, 3] = bad
    assert not np.isfinite(nats(logits, np.zeros((1, 1), np.int64))).any()


def test_a_uniform_model_pays_its_vocabulary_a_token() -> None:
    losses = nats(np.zeros((2, 3, 256), np.float32), np.zeros((2, 3), np.int64))
    lengths = np.array([[1, 2, 0], [1, 2, 2]])
    assert bits_per_byte(losses, lengths) == pytest.approx(8 * 5 / 8)


def split_of(tokens: int) -> Split:
    return Split(np.arange(tokens, dtype=np.uint16), np.array([0, tokens]))


def test_rows_are_fixed_and_spread_over_the_split() -> None:
    rows = fixed_rows(split_of(1000), 10, 200, np.ones(1000, np.int64))
    assert rows.inputs.shape == (20, 10)
    assert (rows.targets == rows.inputs + 1).all()
    assert rows.inputs[0, 0] == 0
    assert rows.inputs[-1, 0] >= 900
    assert len(np.unique(rows.targets)) == 200


def test_a_short_split_is_scored_whole() -> None:
    assert fixed_rows(split_of(101), 10, 2**15, np.ones(101, np.int64)).inputs.shape == (10, 10)


def test_each_row_counts_once_and_never_meets_its_probe() -> None:
    batches = plan_batches(100, 32, 16, np.random.default_rng(3))
    counted = [item.row for items in batches for item in items if not item.is_probe]
    assert sorted(counted) == list(range(100))
    probes = [item for items in batches for item in items if item.is_probe]
    assert len(probes) > 100 / 8
    assert {item.cut is None for item in probes} == {True, False}
    for items in batches:
        assert len(items) <= 16
        assert len({item.row for item in items}) == len(items)


def test_a_probe_is_another_row_after_its_cut() -> None:
    inputs = np.arange(12).reshape(3, 4)
    assert tokens_of([Item(0, 3, 2, is_probe=True), Item(1)], inputs).tolist() == [[0, 1, 2, 11], [4, 5, 6, 7]]


def seen_with(peeking: float, memory: float, noise: float) -> list[Seen]:
    """What the probes see of a model that gains so many nats by each way of cheating, with noise on each position."""
    random = np.random.default_rng(5)
    rows, width = 128, 64
    seen: list[Seen] = []
    met: set[int] = set()
    for items in plan_batches(rows, width, 16, random):
        for item in items:
            losses = np.full(width, 3.0) + noise * random.standard_normal(width)
            if item.cut is None:
                losses -= peeking
            else:
                losses[: item.cut - 1] -= peeking
            losses -= memory * (item.row in met)
            met.add(item.row)
            seen.append(Seen(item, losses))
    return seen


@pytest.mark.parametrize("noise", [0.0, 0.1, 1.0])
def test_an_honest_model_leaves_no_evidence(noise: float) -> None:
    assert evidence(seen_with(0, 0, noise)) == []


@pytest.mark.parametrize(
    ("peeking", "memory", "noise", "found"),
    [(1, 0, 0, "future"), (0.05, 0, 0, "future"), (0, 0.01, 0, "remembers"), (0, 0.5, 0.5, "remembers")],
)
def test_a_cheat_stands_out(peeking: float, memory: float, noise: float, found: str) -> None:
    sentences = evidence(seen_with(peeking, memory, noise))
    assert found in " ".join(sentences)
