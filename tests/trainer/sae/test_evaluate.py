"""The score of a sparse autoencoder: what its evaluator counts, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from labhand.trainer import sae

EVALUATE = Path(sae.__path__[0]) / "evaluate.py"
WIDTH = 64
L0 = 16


def evaluate(place: Path, **arrays: object) -> dict[str, float]:
    """What the evaluator prints about an autoencoder that copies activations, with some of its arrays replaced."""
    (place / "data").mkdir(exist_ok=True)
    (place / "artifacts").mkdir(exist_ok=True)
    x = np.random.default_rng(0).standard_exponential((500, WIDTH))
    np.save(place / "data" / "activations.npy", x.astype(np.float16))
    copies: dict[str, object] = {
        "encoder": np.eye(WIDTH),
        "encoder_bias": np.zeros(WIDTH),
        "decoder": np.eye(WIDTH),
        "decoder_bias": np.zeros(WIDTH),
        "threshold": np.zeros(WIDTH),
    }
    np.savez(place / "artifacts" / "sae.npz", **(copies | arrays))  # type: ignore[arg-type]
    environment = os.environ | {"LABHAND_DATA": str(place / "data"), "LABHAND_ARTIFACTS": str(place / "artifacts")}
    done = subprocess.run(
        [sys.executable, str(EVALUATE)], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode:
        raise ValueError(done.stderr)
    return {name: float(value) for name, value in (line.split(": ") for line in done.stdout.splitlines())}


def test_more_active_features_than_allowed_do_not_count(tmp_path: Path) -> None:
    dense = evaluate(tmp_path)
    assert L0 - 0.1 < dense["l0"] <= L0 < 60 < dense["l0_without_limit"]
    sparse = evaluate(tmp_path, k=np.array(L0))
    assert L0 - 0.1 < sparse["l0"] <= L0
    assert (
        0.01 < dense["nmse"] < sparse["nmse"] < 1
    )  # the largest of the whole split explain somewhat more than the same number a token
    assert evaluate(tmp_path, k=np.array(8))["nmse"] > sparse["nmse"]
    assert evaluate(tmp_path, k=np.array(48))["nmse"] == pytest.approx(dense["nmse"], rel=0.02)


def test_features_that_are_never_active_are_dead(tmp_path: Path) -> None:
    threshold = np.zeros(WIDTH)
    threshold[:16] = 1e6
    assert evaluate(tmp_path, threshold=threshold)["dead_features"] == 0.25


def test_a_threshold_below_zero_does_not_make_negative_values_count(tmp_path: Path) -> None:
    shifted = {"encoder_bias": np.full(WIDTH, -1e3), "decoder_bias": np.zeros(WIDTH)}
    measured = evaluate(tmp_path, threshold=np.full(WIDTH, -1e6), **shifted)
    assert (measured["l0"], measured["dead_features"]) == (0, 1)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"decoder": np.eye(WIDTH)[:, :3]}, "sae.npz needs decoder of shape (64, 64), and has (64, 3)"),
        ({"encoder": np.zeros((WIDTH, 4097))}, "sae.npz has 4097 features, and 4096 are the most"),
        ({"decoder_bias": np.array([object()])}, "allow_pickle=False"),
    ],
)
def test_what_is_no_autoencoder_is_refused(tmp_path: Path, arrays: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        evaluate(tmp_path, **arrays)
    assert message in str(raised.value)
