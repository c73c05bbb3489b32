"""Score a sparse autoencoder on activations that training can't read. Protected: an experiment can't change it.

`sae.npz` holds `encoder` [width, features], `encoder_bias` [features], `decoder` [features, width], `decoder_bias` [width],
`threshold` [features] and, for TopK, `k`. A feature is active where its pre-activation is above its threshold and, if there is
a `k`, among the `k` largest of its token. Whatever the autoencoder would do, no more than `L0` features a token are counted on
average: of more, only the largest activations of the whole split are kept. So more active features can't buy a better score.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

L0 = 16
MAX_FEATURES = 4096
ARTIFACT = "sae.npz"

Floats = NDArray[np.float32]


def load(path: Path, width: int) -> dict[str, Floats]:
    """The arrays of an autoencoder, checked. Nothing is unpickled: an object in the file could run code here."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: np.asarray(file[name], np.float32) for name in file.files}
    features = arrays["encoder"].shape[-1]
    if features > MAX_FEATURES:
        sys.exit(f"{ARTIFACT} has {features} features, and {MAX_FEATURES} are the most")
    shapes = {
        "encoder": (width, features),
        "encoder_bias": (features,),
        "decoder": (features, width),
        "decoder_bias": (width,),
        "threshold": (features,),
    }
    for name, shape in shapes.items():
        if name not in arrays or arrays[name].shape != shape:
            sys.exit(f"{ARTIFACT} needs {name} of shape {shape}, and has {arrays[name].shape if name in arrays else None}")
    return arrays


def active(x: Floats, sae: dict[str, Floats]) -> Floats:
    """Activations [tokens, features] as the autoencoder itself has them."""
    values: Floats = np.asarray((x - sae["decoder_bias"]) @ sae["encoder"] + sae["encoder_bias"], np.float32)
    values *= values > np.maximum(sae["threshold"], 0)
    features = values.shape[1]
    if "k" in sae and 0 < int(sae["k"]) < features:
        smallest = np.partition(values, features - int(sae["k"]), axis=1)[:, features - int(sae["k"]), None]
        values *= values >= smallest
    return values


def at_fixed_l0(values: Floats) -> Floats:
    """The activations, of which the largest are kept, `L0` a token on average."""
    room = L0 * len(values)
    if np.count_nonzero(values) > room:
        values *= values > np.partition(values.ravel(), values.size - room - 1)[values.size - room - 1]
    return values


def main() -> None:
    """Print the score, and what else is worth knowing."""
    x = np.load(Path(os.environ["LABHAND_DATA"], "activations.npy")).astype(np.float32)
    sae = load(Path(os.environ["LABHAND_ARTIFACTS"], ARTIFACT), x.shape[1])
    wanted = active(x, sae)
    asked = np.count_nonzero(wanted) / len(x)
    kept = at_fixed_l0(wanted)
    error = x - (kept @ sae["decoder"] + sae["decoder_bias"])
    print(f"l0: {np.count_nonzero(kept) / len(x):.3f}")
    print(f"l0_without_limit: {asked:.3f}")
    print(f"dead_features: {np.mean(~kept.any(axis=0)):.4f}")
    print(f"features: {kept.shape[1]}")
    print(f"nmse: {np.square(error).sum(dtype=np.float64) / np.square(x - x.mean(0)).sum(dtype=np.float64):.6f}")


if __name__ == "__main__":
    main()
