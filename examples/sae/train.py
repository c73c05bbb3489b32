"""A TopK sparse autoencoder (Gao et al., 2024, arXiv:2406.04093) on activations with 256 features in 32 dimensions."""

import os
import time

import numpy as np

K = 8
FEATURES = 128
LR = 0.1
BATCH = 256

rng = np.random.default_rng(int(os.environ.get("LABHAND_SEED", "0")))
dictionary = np.random.default_rng(0).normal(size=(256, 32))
dictionary /= np.linalg.norm(dictionary, axis=1, keepdims=True)


def activations(count):
    """[count, 32]: sums of a few of the 256 features."""
    strength = rng.exponential(1, (count, 256)) * (rng.random((count, 256)) < 4 / 256)
    return strength @ dictionary


def encode(inputs):
    """[count, 32] → [count, FEATURES], with K values a row that may differ from zero."""
    hidden = np.maximum(inputs @ weights.T + bias, 0)
    return np.where(hidden >= np.partition(hidden, -K, axis=1)[:, -K:].min(1, keepdims=True), hidden, 0)


weights = rng.normal(size=(FEATURES, 32)) / 32**0.5
decoder, bias = weights.copy(), np.zeros(FEATURES)
budget = float(os.environ.get("LABHAND_BUDGET_SECONDS", "1"))
while time.process_time() < budget:
    inputs = activations(BATCH)
    code = encode(inputs)
    error = code @ decoder - inputs
    upstream = error @ decoder.T * (code > 0)
    decoder -= LR * code.T @ error / BATCH
    weights -= LR * upstream.T @ inputs / BATCH
    bias -= LR * upstream.mean(0)

inputs = activations(4096)
code = encode(inputs)
nmse = ((code @ decoder - inputs) ** 2).sum() / ((inputs - inputs.mean(0)) ** 2).sum()
print(f"nmse={nmse:.5f} l0={(code > 0).sum(1).mean():.3f} dead={((code > 0).sum(0) == 0).mean():.3f}")
