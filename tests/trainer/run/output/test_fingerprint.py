"""Whether two runs printed the same: times and seeds don't count, and losses do."""

from __future__ import annotations

import time

import pytest
from labhand.trainer.run.output.fingerprint import fingerprint

OUTPUT = """2026-11-28 15:04:{seed:02d} seed: {seed}
step 1 loss: {loss} dt: {ms}ms tok/s: {rate} lr: 0.1
epoch 1:  50%|##### | 1/2 [00:0{seed}<00:01, {ms}.5it/s]
step 2 | loss 0.5 | elapsed {ms}.25 s | {rate} img/s | 512.5 MiB | saved to /tmp/run-{seed}/x.pt
accuracy: 1.0
training_seconds: {ms}.5
"""


def of(seed: int, loss: float, ms: int, rate: int) -> str | None:
    return fingerprint(OUTPUT.format(seed=seed, loss=loss, ms=ms, rate=rate), seed)


def test_times_rates_paths_and_the_seed_do_not_count() -> None:
    assert of(7, 0.75, 12, 5000) == of(9, 0.75, 31, 4711)
    assert of(7, 0.75, 12, 5000) != of(9, 0.76, 12, 5000)


def test_an_output_without_numbers_says_nothing() -> None:
    assert fingerprint("starting\ndone\n", 1) is None
    assert fingerprint("", 1) is None


@pytest.mark.parametrize("hostile", ["1" * 2**20, "a" * 2**20, "1,." * 2**18, "12:" * 2**18, "seed " * 2**17, "a_time" * 2**17])
def test_a_hostile_output_takes_little_time(hostile: str) -> None:
    began = time.process_time()
    fingerprint(f"loss: 12\n{hostile}", 3)
    assert time.process_time() - began < 5
