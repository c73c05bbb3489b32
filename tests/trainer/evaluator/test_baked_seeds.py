"""A seed that was baked into a source, the best of many: it gains on the data it was picked on, and nothing in a validation."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import torch
from labhand.server.domain import Verdict
from labhand.server.research.noise import Noise
from labhand.server.research.paired_test import decide
from labhand.trainer.data.corpus import Corpus, load_corpus, training_stream
from labhand.trainer.evaluator.evaluate import bits_per_byte, fixed_rows, nats

pytestmark = pytest.mark.slow

PICKED_FROM, PAIRS = 40, 8


@pytest.fixture(scope="module")
def corpus(small_corpus: Path) -> Corpus:
    return load_corpus(str(small_corpus / "texts"), 300, small_corpus / "cache")


def score(corpus: Corpus, seed: int, baked: int | None) -> float:
    """Train a bigram for a few steps on what the lab's seed gives to read, and score it.

    Args:
        corpus: The text.
        seed: The lab's: which documents are read, in which order.
        baked: What the source sets its own generator to; the lab's seed if it doesn't.
    """
    torch.manual_seed(seed if baked is None else baked)  # pyright: ignore[reportUnknownMemberType]
    stream = torch.tensor(training_stream(corpus, seed).astype(np.int64))
    table = torch.zeros(300, 300, requires_grad=True)
    for _ in range(15):
        at = torch.randint(len(stream) - 1, (256,))
        loss = torch.nn.functional.cross_entropy(table[stream[at]], stream[at + 1])
        (gradient,) = torch.autograd.grad(loss, table)
        with torch.no_grad():
            table -= 100.0 * gradient
    rows = fixed_rows(corpus.split("validation"), 32, 2**12, corpus.token_bytes)
    return bits_per_byte(nats(table.detach().numpy()[rows.inputs], rows.targets), rows.bytes)


def test_the_best_of_many_baked_seeds_gains_nothing_on_other_data(corpus: Corpus) -> None:
    honest = [score(corpus, seed, None) for seed in range(1, 13)]
    noise = float(np.std(honest, ddof=1))
    picked = min(range(PICKED_FROM), key=lambda baked: score(corpus, 0, baked))
    looked_like = fmean(honest) - score(corpus, 0, picked)
    assert looked_like > noise

    fresh = range(100, 100 + PAIRS)
    baked = [score(corpus, seed, picked) for seed in fresh]
    gains = [score(corpus, seed, None) - other for seed, other in zip(fresh, baked, strict=True)]
    assert len(set(baked)) == PAIRS, "it isn't unseeded: what it reads differs"
    assert fmean(gains) < looked_like / 2
    trial = decide(gains, PAIRS, 0.05, Noise(noise * 2**0.5, 11))
    assert trial.verdict is Verdict.NOT_SHOWN, trial.reason
