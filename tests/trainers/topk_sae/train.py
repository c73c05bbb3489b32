"""Trains a TopK sparse autoencoder on activations that are sums of a few directions, and prints how well it rebuilds them."""

import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

K = 24  # features that may be active at a time
RATE = 0.3
STEPS = 40
WIDTH, FEATURES, BATCH = 48, 128, 256
GROWTH = 0  # further active features for each further budget of two seconds

Floats = NDArray[np.float64]


def top(values: Floats, count: int) -> Floats:
    """The largest positive entries of each row; the others become 0."""
    limit = np.partition(values, -count, axis=1)[:, -count][:, None]
    return np.asarray(np.where(values >= limit, np.maximum(values, 0), 0))


def main() -> None:
    random = np.random.default_rng(int(os.environ.get("LABHAND_SEED", "0")))
    seconds = float(os.environ.get("LABHAND_BUDGET_SECONDS", "2"))
    count = K + round(GROWTH * (seconds / 2 - 1))
    directions = np.random.default_rng(0).normal(size=(FEATURES, WIDTH)) / WIDTH**0.5

    def batch(rows: int) -> Floats:
        active = random.random((rows, FEATURES)) < 0.2
        return np.asarray(np.abs(random.normal(size=(rows, FEATURES))) * active @ directions)

    decoder: Floats = np.asarray(directions + 0.3 * random.normal(size=(FEATURES, WIDTH)) / WIDTH**0.5)
    for _ in range(STEPS):
        inputs = batch(BATCH)
        codes = top(inputs @ decoder.transpose(), count)
        scale = 1 / max(1e-9, (codes**2).sum(1).mean())
        decoder = np.asarray(decoder + RATE * codes.transpose() @ (inputs - codes @ decoder * scale) * scale / BATCH)
    inputs = batch(1024)
    codes = top(inputs @ decoder.transpose(), count)
    rebuilt, *_ = np.linalg.lstsq(codes, inputs, rcond=None)
    error = ((inputs - codes @ rebuilt) ** 2).mean() / inputs.var()
    dead = int((codes.max(0) == 0).sum())
    Path("metrics.json").write_text(json.dumps({"dead_features": dead}), encoding="utf-8")
    print(json.dumps({"nmse": round(float(error), 6), "sparsity": {"l0": float((codes > 0).sum(1).mean())}}))


if __name__ == "__main__":
    main()
