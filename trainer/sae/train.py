"""Train a sparse autoencoder on the activations of a small GPT. This is the file to change: read it, have an idea, try it.

The score is `nmse`, the share of the activations' variance that the autoencoder doesn't explain, on activations that this
script can't read; lower is better. `evaluate.py` counts 16 active features a token on average, whatever is trained here, and
reports the share of features that are never active as `dead_features`. What must stay is the content of `sae.npz`.
"""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
import torch
from labhand.trainer.contract.files import cache_folder
from torch import Tensor

# Autoencoder
ACTIVATION: str = "topk"  # or "jumprelu"
FEATURES = 512  # in the dictionary; 4,096 at most
K = 16  # active features of a token: exactly for topk, on average for jumprelu

# Optimizer: Adam, with decoder rows of length 1
LEARNING_RATE = 3e-3
BATCH_SIZE = 512  # tokens in a step
ADAM_BETAS = (0.9, 0.99)
COOLDOWN = 0.5  # share of the budget at the end in which the learning rate falls to 0

# TopK: features that were silent for long learn from the error that the others leave
AUX_K = 32  # silent features that take part for a token; 0 for none
AUX_COEFFICIENT = 0.1
SILENT_STEPS = 50  # without a single activation, for a feature to count as silent

# JumpReLU
INITIAL_THRESHOLD = 0.7
BANDWIDTH = 0.5  # of the window around a threshold in which it gets a gradient
SPARSITY = 1.0  # weight of the penalty on a mean of active features other than K

# On a GPU
GPU_BATCH_FACTOR = 8

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
BUDGET = float(os.environ.get("LABHAND_BUDGET_SECONDS", "10"))
BEGAN = time.monotonic()
_MARGIN = 0.3  # seconds of the budget that are left for saving


def progress() -> float:
    """The share of the budget that is used. The runner counts this whole process, its imports too."""
    used = time.process_time() if DEVICE == "cpu" else time.monotonic() - BEGAN
    return min(1.0, used / max(BUDGET - _MARGIN, 1e-6))


class JumpReLU(torch.autograd.Function):
    """Values above a threshold; near it, the threshold gets a gradient as if the step had a slope (arXiv:2407.14435)."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, threshold: Tensor) -> Tensor:  # noqa: ANN401
        """Values [tokens, features], thresholds [features]."""
        ctx.save_for_backward(values, threshold)
        return values * (values > threshold)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        """Gradients of both."""
        values, threshold = ctx.saved_tensors
        window = ((values - threshold).abs() < BANDWIDTH / 2).float()
        return gradients[0] * (values > threshold), -(threshold / BANDWIDTH * window * gradients[0]).sum(0)


class Count(torch.autograd.Function):
    """1 for a value above a threshold, with the same kind of gradient for the threshold."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, threshold: Tensor) -> Tensor:  # noqa: ANN401
        """Values [tokens, features], thresholds [features]."""
        ctx.save_for_backward(values, threshold)
        return (values > threshold).float()

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[None, Tensor]:  # noqa: ANN401
        """The gradient of the thresholds alone."""
        values, threshold = ctx.saved_tensors
        window = ((values - threshold).abs() < BANDWIDTH / 2).float()
        return None, -(window * gradients[0] / BANDWIDTH).sum(0)


def top(values: Tensor, k: int) -> Tensor:
    """The k largest positive values of each row, and 0 elsewhere."""
    largest, where = values.topk(min(k, values.shape[1]), dim=1)
    return torch.zeros_like(values).scatter(1, where, largest.relu())


def make_parameters(width: int) -> dict[str, Tensor]:
    """Decoder rows of length 1 in random directions, and the encoder as its transpose."""
    decoder = torch.nn.functional.normalize(torch.randn(FEATURES, width), dim=1)
    parameters = {
        "encoder": decoder.T.clone(),
        "encoder_bias": torch.zeros(FEATURES),
        "decoder": decoder,
        "decoder_bias": torch.zeros(width),
        "log_threshold": torch.full((FEATURES,), float(np.log(INITIAL_THRESHOLD))),
    }
    return {name: value.to(DEVICE).requires_grad_() for name, value in parameters.items()}


def loss_of(x: Tensor, parameters: dict[str, Tensor], silent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What is minimised, the error's share of the variance, and which features were active."""
    values = (x - parameters["decoder_bias"]) @ parameters["encoder"] + parameters["encoder_bias"]
    threshold = parameters["log_threshold"].exp()
    code = top(values, K) if ACTIVATION == "topk" else JumpReLU.apply(values, threshold)
    error = x - code @ parameters["decoder"] - parameters["decoder_bias"]
    nmse = error.square().mean() / x.square().mean()
    extra = torch.zeros((), device=DEVICE)
    if ACTIVATION == "jumprelu":
        extra = SPARSITY * (Count.apply(values, threshold).sum(1).mean() / K - 1).square()
    elif AUX_K and silent.any():
        rest = top(values[:, silent], AUX_K) @ parameters["decoder"][silent]
        extra = AUX_COEFFICIENT * (error.detach() - rest).square().mean() / x.square().mean()
    return nmse + extra, nmse.detach(), (code.detach() > 0).any(0)


@torch.no_grad()
def adam(parameters: dict[str, Tensor], state: dict[str, tuple[Tensor, Tensor]], step: int, rate: float) -> None:
    """One step. Constructing an optimizer of torch would take more than a second of the budget."""
    first, second = ADAM_BETAS
    for name, value in parameters.items():
        if value.grad is not None:
            mean, square = state[name]
            mean.lerp_(value.grad, 1 - first)
            square.lerp_(value.grad.square(), 1 - second)
            value -= rate * (mean / (1 - first**step)) / ((square / (1 - second**step)).sqrt() + 1e-8)
            value.grad = None
    parameters["decoder"] /= parameters["decoder"].norm(dim=1, keepdim=True)


def save(parameters: dict[str, Tensor]) -> None:
    """Write `sae.npz` as `evaluate.py` reads it."""
    arrays = {name: value.detach().cpu().numpy() for name, value in parameters.items()}
    log_threshold = arrays.pop("log_threshold")
    if ACTIVATION == "topk":
        arrays |= {"threshold": np.zeros_like(log_threshold), "k": np.array(K)}
    else:
        arrays["threshold"] = np.exp(log_threshold)
    np.savez("sae.npz", allow_pickle=False, **arrays)


def main() -> None:
    """Train until the budget is used, and leave the autoencoder."""
    torch.manual_seed(int(os.environ.get("LABHAND_SEED", "0")))
    data = torch.from_numpy(np.load(cache_folder() / "sae" / "train" / "activations.npy")).to(DEVICE)
    rows = BATCH_SIZE * (GPU_BATCH_FACTOR if DEVICE == "cuda" else 1)
    parameters = make_parameters(data.shape[1])
    state = {name: (torch.zeros_like(value), torch.zeros_like(value)) for name, value in parameters.items()}
    last_active = torch.zeros(FEATURES, device=DEVICE)
    step, nmse = 0, torch.ones(())
    while (now := progress()) < 1:
        step += 1
        x = data[torch.randint(len(data), (rows,), device=DEVICE)].float()
        loss, nmse, active = loss_of(x, parameters, step - last_active > SILENT_STEPS)
        loss.backward()
        adam(parameters, state, step, LEARNING_RATE * min(1.0, (1 - now) / COOLDOWN))
        last_active[active] = step
        if step % 100 == 1:
            print(f"{now:4.0%} of the budget, step {step}, nmse {nmse.item():.4f}", flush=True)
    save(parameters)
    print(f"num_steps: {step}")
    print(f"total_tokens_M: {step * rows / 1e6:.3f}", flush=True)


if __name__ == "__main__":
    main()
    os._exit(0)  # Python's own end takes nearly a second of the budget when torch is loaded
