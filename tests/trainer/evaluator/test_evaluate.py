"""How a score comes about, and what the probes see."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from labhand.trainer.data.corpus import Split
from labhand.trainer.evaluator.cheating import Findings, SecondAnswer, findings
from labhand.trainer.evaluator.evaluate import bits_per_byte, fixed_rows, nats
from labhand.trainer.evaluator.probes import Probe, chances, draw, in_batches, probes_of, tokens_of
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


def probes_for(rows: int, width: int, losses: NDArray[np.float64] | None = None) -> list[Probe]:
    known = np.full((rows, width), 2.0) if losses is None else losses
    return probes_of(chances(known, np.full((rows, width), 3.0)), np.random.default_rng(3))


def test_some_rows_are_asked_again_whole_and_the_others_up_to_a_cut() -> None:
    probes = probes_for(128, 32)
    whole = {probe.row for probe in probes if probe.cut == 32}
    cut = {probe.row for probe in probes if probe.cut < 32}
    assert len(whole) == 16
    assert len(cut) > 80
    assert not whole & cut
    assert min(probe.cut for probe in probes) >= 1
    assert len(set(probes)) == len(probes)


def test_no_probe_tells_what_follows_a_later_one() -> None:
    met: dict[int, int] = {}
    for probes in in_batches(probes_for(24, 64), 16, np.random.default_rng(0)):
        assert len(probes) <= 16
        assert len({probe.row for probe in probes}) == len(probes)
        for probe in probes:
            assert met.get(probe.row, 0) < probe.cut
            met[probe.row] = probe.cut


def test_a_probe_is_made_up_from_its_cut_on() -> None:
    inputs = np.arange(400).reshape(4, 100) % 50
    random = np.random.default_rng(0)
    for _ in range(50):
        (cut, whole) = tokens_of([Probe(0, 30), Probe(1, 100)], inputs, random)
        assert (cut[:30] == inputs[0, :30]).all()
        assert cut[30] != inputs[0, 30]
        assert set(cut) <= set(range(50))
        assert (whole == inputs[1]).all()


def test_cuts_fall_where_a_look_ahead_would_have_paid_and_everywhere_else() -> None:
    losses = np.full((400, 32), 3.0)
    losses[:, 20] = 0.0
    cuts = [probe.cut for probe in probes_for(400, 32, losses) if probe.cut < 32]
    assert cuts.count(21) > 5 * len(cuts) / 31  # five times as often as evenly
    assert len(set(cuts)) > 25


def test_cuts_are_drawn_as_often_as_their_chance_says() -> None:
    random = np.random.default_rng(0)
    chance = random.dirichlet(np.ones(40)).reshape(4, 10)
    drawn = np.zeros(chance.shape)
    for _ in range(2000):
        for probe in draw(chance, 8, random):
            drawn[probe.row, probe.cut - 1] += 1
    assert drawn / 2000 == pytest.approx(np.minimum(1, 8 * chance), abs=0.05)


@dataclass(frozen=True)
class Nature:
    """What changes a model's losses, nats: looking ahead, having met a row, chance, that of a batch, what lies beside a row."""

    peeking: float = 0.0
    memory: float = 0.0
    noise: float = 0.0
    of_batches: float = 0.0
    mates: float = 0.0


def found_of(nature: Nature, seed: int = 5) -> Findings:
    """What is found of a model of such a nature in batches of 16 rows of 64 tokens."""
    random = np.random.default_rng(seed)

    def differences(count: int) -> list[NDArray[np.float64]]:
        together = math.sqrt(2) * nature.of_batches * random.standard_normal()
        return [math.sqrt(2) * nature.noise * random.standard_normal(64) + together for _ in range(count)]

    def batch(number: int) -> list[SecondAnswer]:
        asked: list[SecondAnswer] = []
        for row, (cut, again) in enumerate(zip([*random.integers(1, 64, 15), 64], differences(16), strict=True)):
            before = again[:cut] + nature.mates * random.standard_normal(cut)
            before[-1] += nature.peeking * (cut < 64)
            asked.append(SecondAnswer(16 * number + row, before, np.ones(cut), bool(cut < 64)))
        return asked

    return findings([batch(number) for number in range(13)], [again - nature.memory for again in differences(16)])


@pytest.mark.parametrize("noise", [0.0, 1e-5, 0.01, 0.02])
def test_an_honest_model_leaves_no_evidence(noise: float) -> None:
    found = found_of(Nature(noise=noise))
    assert (found.tampering, found.breaches) == ([], [])


@pytest.mark.parametrize("of_batches", [0.001, 0.01, 0.02])
def test_chance_that_a_batch_shares_is_no_tampering(of_batches: float) -> None:
    found = [found_of(Nature(noise=0.01, of_batches=of_batches), seed) for seed in range(50)]
    assert [sentence for each in found for sentence in each.tampering] == []
    assert any(each.breaches for each in found) == (of_batches >= 0.01)


def test_whole_rows_that_do_better_the_second_time_are_no_look_ahead() -> None:
    cuts = [SecondAnswer(row, np.zeros(40), np.ones(40), is_cut=True) for row in range(15)]
    batches = [[*cuts, SecondAnswer(15, np.full(64, -0.02), np.ones(64), is_cut=False)] for _ in range(4)]
    found = findings(batches, [np.zeros(64)] * 16)
    assert (found.tampering, found.breaches) == ([], [])


@pytest.mark.parametrize(
    ("nature", "found"),
    [
        (Nature(peeking=1), "future"),
        (Nature(peeking=0.02), "future"),
        (Nature(peeking=0.1, noise=0.02), "future"),
        (Nature(memory=0.02), "remembers"),
        (Nature(memory=-0.02), "remembers"),
    ],
)
def test_a_cheat_stands_out(nature: Nature, found: str) -> None:
    assert found in " ".join(found_of(nature).tampering)


@pytest.mark.parametrize(
    ("nature", "breach"),
    [
        (Nature(mates=1.0), "other rows"),
        (Nature(noise=0.02, mates=1.0), "other rows"),
        (Nature(noise=0.5), "each time"),
        (Nature(peeking=1, mates=1), "other rows"),
    ],
)
def test_who_depends_on_more_than_the_row_is_told(nature: Nature, breach: str) -> None:
    found = found_of(nature)
    assert breach in " ".join(found.breaches)
    assert not found.tampering


@pytest.mark.slow
def test_a_benchmark_that_accuses_no_honest_model() -> None:
    benchmark = Path(__file__).parents[3] / "benchmarks" / "integrity.py"
    command = [sys.executable, str(benchmark), "alarms", "--count", "60", "--seed", "1"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert said.startswith("60 honest models: 0 accused of tampering, 0 of looking at other rows;")
