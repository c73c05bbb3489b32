"""How a score comes about, and what the probes see."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from labhand.trainer.data import Split
from labhand.trainer.evaluator import bits_per_byte, fixed_rows, nats
from labhand.trainer.evidence import findings
from labhand.trainer.probes import Item, Plan, Seen, tokens_of
from numpy.typing import NDArray


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


def planned(rows: int, width: int, batch: int, losses: Callable[[Item], NDArray[np.float64]], seed: int = 3) -> Plan:
    """A plan that was carried out with a model that has these losses."""
    plan = Plan(rows, width, batch, np.random.default_rng(seed))
    for items in plan.batches():
        plan.note([Seen(item, losses(item)) for item in items])
    return plan


def test_each_row_counts_once_and_never_meets_its_probe() -> None:
    batches = planned(100, 32, 16, lambda _: np.ones(32)).seen
    counted = [one.item.row for seen in batches for one in seen if not one.item.is_probe]
    assert sorted(counted) == list(range(100))
    probes = [one.item for seen in batches for one in seen if one.item.is_probe]
    assert len(probes) > 100 / 8
    assert {item.cut is None for item in probes} == {True, False}
    for seen in batches:
        assert len(seen) <= 16
        assert len({one.item.row for one in seen}) == len(seen)


def test_one_batch_is_met_again_as_it_was() -> None:
    batches = planned(100, 32, 16, lambda _: np.ones(32)).seen
    (again,) = [seen for seen in batches if seen[0].item.repeats is not None]
    before = batches[again[0].item.repeats or 0]
    assert before is not again
    assert [(one.item.row, one.item.cut, one.item.donor) for one in again] == [
        (one.item.row, one.item.cut, one.item.donor) for one in before
    ]


def test_cuts_seek_what_the_model_knows_best() -> None:
    known = np.full(32, 9.0)
    known[20] = 0.0
    cuts = [one.item.cut for seen in planned(400, 32, 16, lambda _: known).seen for one in seen if one.item.cut]
    assert cuts.count(21) > len(cuts) / 3
    assert len(set(cuts)) > 10


def test_a_probe_is_another_row_after_its_cut() -> None:
    inputs = np.arange(12).reshape(3, 4)
    assert tokens_of([Item(0, 3, 2, is_probe=True), Item(1)], inputs).tolist() == [[0, 1, 2, 11], [4, 5, 6, 7]]


def seen_with(peeking: float, memory: float, noise: float, mates: float = 0.0, only_at: int | None = None) -> Plan:
    """What the probes see of a model that gains so many nats by each way of cheating, with noise on each position."""
    random = np.random.default_rng(5)
    width = 64
    met: set[int] = set()
    beside: dict[tuple[int, int | None], NDArray[np.float64]] = {}

    def losses(item: Item) -> NDArray[np.float64]:
        values = np.full(width, 3.0) + noise * random.standard_normal(width)
        if item.repeats is None:
            beside[item.row, item.cut] = mates * random.standard_normal(width)
        values += beside[item.row, item.cut]
        end = width if item.cut is None else item.cut - 1
        values[slice(end) if only_at is None else slice(only_at, min(only_at + 1, end))] -= peeking
        values -= memory * (item.row in met)
        met.add(item.row)
        return values

    return planned(128, width, 16, losses)


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.6])
def test_an_honest_model_leaves_no_evidence(noise: float) -> None:
    found = findings(seen_with(0, 0, noise).seen)
    assert (found.tampering, found.breaches) == ([], [])


@pytest.mark.parametrize(
    ("peeking", "memory", "noise", "found"),
    [(1, 0, 0, "future"), (0.05, 0, 0, "future"), (3, 0, 0.6, "future"), (0, 0.01, 0, "remembers"), (0, -0.01, 0, "remembers")],
)
def test_a_cheat_stands_out(peeking: float, memory: float, noise: float, found: str) -> None:
    assert found in " ".join(findings(seen_with(peeking, memory, noise).seen).tampering)


def test_who_peeks_at_one_place_alone_is_found() -> None:
    assert "future" in " ".join(findings(seen_with(2.9, 0, 0, only_at=40).seen).tampering)


@pytest.mark.parametrize(
    ("noise", "mates", "breach"), [(0.0, 1.0, "other rows"), (0.05, 1.0, "other rows"), (2.0, 0.0, "each time")]
)
def test_who_depends_on_more_than_the_row_is_told(noise: float, mates: float, breach: str) -> None:
    found = findings(seen_with(0, 0, noise, mates).seen)
    assert breach in " ".join(found.breaches)


def test_a_benchmark_that_accuses_no_honest_model() -> None:
    benchmark = Path(__file__).parents[2] / "benchmarks" / "integrity.py"
    command = [sys.executable, str(benchmark), "alarms", "--count", "60", "--seed", "1"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert said == "60 honest models: 0 accused of tampering, 0 refused for noise or for looking at other rows\n"
