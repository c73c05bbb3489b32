"""What the built-in trainer computes on the device, beside the same on the CPU.

`python -m benchmarks.gpu_check.cuda_path cuda` prints a JSON object: for each comparison the
relative error, and the largest one that is allowed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from labhand.trainer.gpt import train
from torch import Tensor

SIZES: Mapping[str, int] = {"vocabulary": 512, "depth": 2, "width": 128, "head_size": 64}
ROWS, LENGTH = 4, 96
EXACT, ROUNDED = 1e-3, 3e-2
"""Relative errors: of float32 with sums in another order, and of bfloat16."""
PIECES: Mapping[str, object] = {
    **{"SMEAR": True, "BACKOUT": True, "BIGRAM_ROWS": 4096, "WINDOW_PATTERN": "SL", "SHORT_WINDOW": 32, "SOFTCAP": 15.0},
    "TIED_HEAD": False,
}
"""Knobs that switch on what is off by default, each of which has code of its own."""


def relative_error(found: Tensor, wanted: Tensor) -> float:
    """The norm of the difference over the norm of what is wanted."""
    wanted = wanted.detach().double().cpu()
    return ((found.detach().double().cpu() - wanted).square().sum() / wanted.square().sum()).sqrt().item()


def product_error(device: str) -> float:
    """Of a product in bfloat16."""
    left, right = torch.randn(256, 512), torch.randn(512, 256)
    return relative_error(left.to(device, torch.bfloat16) @ right.to(device, torch.bfloat16), left.double() @ right.double())


def attention_error(device: str) -> float:
    """Of causal attention in bfloat16, against attention written out."""
    query, key, value = torch.randn(3, 2, 4, LENGTH, 64).unbind()
    seen = torch.ones(LENGTH, LENGTH, dtype=torch.bool).tril()
    weights = (query @ key.mT / 8).masked_fill(~seen, -torch.inf).softmax(-1)
    on_device = query.to(device, torch.bfloat16), key.to(device, torch.bfloat16), value.to(device, torch.bfloat16)
    return relative_error(F.scaled_dot_product_attention(*on_device, is_causal=True), weights @ value)


def token_error(device: str) -> float:
    """Of token ids above 32,767, which arrive as negative numbers of 16 bits."""
    ids = torch.arange(0, 65_536, 7)
    packed = ids.to(torch.int32).where(ids < 32_768, ids.to(torch.int32) - 65_536).to(torch.int16)
    return relative_error(packed.to(device).long() & 0xFFFF, ids)


def filled_model() -> train.GPT:
    """A model of which no weight is 0, as those of a new one are in part."""
    model = train.build_model(SIZES)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.1)
    return model


def model_errors(device: str) -> tuple[float, float]:
    """Of the logits, and of the gradients of the loss: the device's way to the loss isn't that of a CPU."""
    torch.manual_seed(1)
    model = filled_model()
    twin = train.build_model(SIZES)
    twin.load_state_dict(model.state_dict())
    twin.to(device)
    batch = torch.randint(SIZES["vocabulary"], (ROWS, LENGTH + 1))
    tokens, following = batch[:, :-1], batch[:, 1:]
    logits = model(tokens)
    F.cross_entropy(logits.flatten(0, 1), following.flatten()).backward()
    there = twin(tokens.to(device))
    twin(tokens.to(device), following.to(device)).backward()
    pairs = zip(twin.parameters(), model.parameters(), strict=True)
    errors = [relative_error(dense(ours.grad), dense(theirs.grad)) for ours, theirs in pairs if theirs.grad is not None]
    return relative_error(there, logits), max(errors)


def dense(gradient: Any) -> Tensor:  # noqa: ANN401 - torch types it as optional
    """A gradient, also that of a table of which few rows were looked up."""
    return gradient.to_dense() if gradient.is_sparse else gradient


def with_pieces(device: str) -> tuple[float, float]:
    """The same with all pieces on."""
    before = {name: getattr(train, name) for name in PIECES if hasattr(train, name)}
    try:
        for name in before:
            setattr(train, name, PIECES[name])
        return model_errors(device)
    finally:
        for name, value in before.items():
            setattr(train, name, value)


def compiled_error(device: str) -> float:
    """Of the logits of compiled blocks under autocast, as training has them."""
    torch.manual_seed(2)
    model = filled_model().to(device)
    tokens = torch.randint(SIZES["vocabulary"], (ROWS, LENGTH), device=device)
    with torch.no_grad(), torch.autocast(device, torch.bfloat16):
        plain = model(tokens)
        for block in model.blocks:
            block.compile(dynamic=False)
        return relative_error(model(tokens), plain)


def errors_on(device: str) -> dict[str, tuple[float, float]]:
    """By what was compared: the error, and the largest one that is allowed."""
    torch.manual_seed(0)
    logits, gradients = model_errors(device)
    pieces_logits, pieces_gradients = with_pieces(device)
    found = {
        "product_in_bfloat16": (product_error(device), ROUNDED),
        "attention_in_bfloat16": (attention_error(device), ROUNDED),
        "token_ids": (token_error(device), 0.0),
        "logits": (logits, EXACT),
        "gradients": (gradients, 10 * EXACT),
        "logits_with_pieces": (pieces_logits, EXACT),
        "gradients_with_pieces": (pieces_gradients, 10 * EXACT),
    }
    return found if device == "cpu" else found | {"compiled_blocks": (compiled_error(device), ROUNDED)}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_check.cuda_path", description=__doc__)
    parser.add_argument("device", choices=("cpu", "cuda"))
    device = parser.parse_args().device
    if device == "cuda" and not torch.cuda.is_available():
        built = f"is built for CUDA {torch.version.cuda}" if torch.version.cuda else "is built without CUDA"
        sys.exit(f"PyTorch {torch.__version__} sees no GPU. It {built}. Install one that fits the driver")
    torch.set_float32_matmul_precision("highest")
    print(json.dumps(errors_on(device)))


if __name__ == "__main__":
    main()
