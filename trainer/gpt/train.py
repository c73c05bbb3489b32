"""Train a small GPT. This is the file to change: read it from top to bottom, have an idea, try it.

The score is bits per byte of text that was never trained on, after a fixed budget of training time; lower is better. What
must stay is `build_model`, which the evaluator calls, and the few calls of `session`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from labhand.trainer.session import Session
from torch import Tensor, nn

# Model. Sizes are for one CPU core; a GPU gets them multiplied by the factors below.
DEPTH = 2  # blocks of attention and MLP
WIDTH = 64  # of the residual stream
HEAD_SIZE = 32  # width of an attention head
MLP_RATIO = 4  # hidden width of the MLP over WIDTH
ROTARY_BASE = 10_000.0  # longest wavelength of the position encoding, about, in tokens

# Batch
SEQUENCE_LENGTH = 128  # tokens in a row; the evaluator's rows have 256
BATCH_SIZE = 8  # rows in a step

# Optimizers: Muon for the matrices inside blocks, Adam for the embedding and the head
MATRIX_LR = 0.02
EMBEDDING_LR = 0.05
HEAD_LR = 2.0  # over the width of the model
MUON_MOMENTUM = 0.9
MUON_ITERATIONS = 3  # of Newton-Schulz, in a step
ADAM_BETAS = (0.8, 0.95)
WEIGHT_DECAY = 0.0  # of the matrices, at the full learning rate

# Schedule, in shares of the training time
WARMUP = 0.0  # learning rates rise from 0
COOLDOWN = 0.5  # learning rates fall to FINAL_LR
FINAL_LR = 0.05  # share of the learning rates that is left at the end

# On a GPU
GPU_DEPTH_FACTOR = 4
GPU_WIDTH_FACTOR = 8
GPU_SEQUENCE_FACTOR = 2
GPU_BATCH_FACTOR = 64


# ---- model


def norm(x: Tensor) -> Tensor:
    """Normalise the last dimension; there is nothing to learn in it."""
    return F.layer_norm(x, x.shape[-1:])


def linear(inputs: int, outputs: int, std: float | None = None) -> nn.Linear:
    """A weight matrix without a bias, drawn so that it keeps the size of what passes; `std` 0 for one that starts silent."""
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, std=inputs**-0.5 if std is None else std)
    return layer


def rotary_angles(time: int, head_size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine of the angle by which each pair of a head's channels is turned, both [time, head_size / 2]."""
    frequencies = ROTARY_BASE ** -torch.linspace(0, 1, head_size // 2, device=device)
    angles = torch.outer(torch.arange(time, device=device, dtype=torch.float32), frequencies)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
    """Encode positions into queries or keys, [batch, head, time, head_size] (RoPE, arXiv:2104.09864)."""
    cos, sin = (table.to(x.dtype) for table in rotary)
    left, right = x.chunk(2, dim=-1)
    return torch.cat((left * cos - right * sin, left * sin + right * cos), dim=-1)


class Attention(nn.Module):
    """Causal self-attention with normalised queries and keys."""

    def __init__(self, width: int, head_size: int) -> None:
        super().__init__()
        self.head_size = head_size
        self.query = linear(width, width)
        self.key = linear(width, width)
        self.value = linear(width, width)
        self.output = linear(width, width, std=0.0)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
        """[batch, time, width] to the same."""
        query, key, value = (
            project(x).unflatten(-1, (-1, self.head_size)).transpose(1, 2) for project in (self.query, self.key, self.value)
        )
        query, key = rotate(norm(query), rotary), rotate(norm(key), rotary)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.output(mixed.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    """Two layers with a squared ReLU between them (arXiv:2109.08668)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = linear(width, MLP_RATIO * width)
        self.down = linear(MLP_RATIO * width, width, std=0.0)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, time, width] to the same."""
        return self.down(F.relu(self.up(x)).square())


class Block(nn.Module):
    """Attention, then the MLP, each added to the residual stream."""

    def __init__(self, width: int, head_size: int) -> None:
        super().__init__()
        self.attention = Attention(width, head_size)
        self.mlp = MLP(width)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
        """[batch, time, width] to the same."""
        x = x + self.attention(norm(x), rotary)
        return x + self.mlp(norm(x))


class GPT(nn.Module):
    """Token ids [batch, time] to logits [batch, time, vocabulary]."""

    def __init__(self, vocabulary: int, depth: int, width: int, head_size: int) -> None:
        super().__init__()
        self.head_size = head_size
        self.embedding = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(Block(width, head_size) for _ in range(depth))
        self.head = linear(width, vocabulary, std=0.0)

    def forward(self, tokens: Tensor) -> Tensor:
        """The logits of the token after each."""
        rotary = rotary_angles(tokens.shape[1], self.head_size, tokens.device)
        x = norm(self.embedding(tokens))
        for block in self.blocks:
            x = block(x, rotary)
        return self.head(norm(x))


def build_model(config: Mapping[str, Any]) -> GPT:
    """The model that a configuration describes; the evaluator calls this and loads the trained weights into it."""
    return GPT(config["vocabulary"], config["depth"], config["width"], config["head_size"])


# ---- optimizers


def orthogonalize(matrices: Tensor) -> Tensor:
    """The nearest semi-orthogonal matrix to each of a stack, roughly: Newton-Schulz, https://kellerjordan.github.io/posts/muon."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.bfloat16() if matrices.is_cuda else matrices
    x = x.mT if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(MUON_ITERATIONS):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.mT if tall else x


class Muon:
    """Momentum whose every update is made orthogonal, for weight matrices; those of one shape are updated together."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        shapes = {parameter.shape for parameter in parameters}
        self.groups = [[parameter for parameter in parameters if parameter.shape == shape] for shape in sorted(shapes)]
        self.momenta = [torch.zeros_like(torch.stack(list(group))) for group in self.groups]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Update from the gradients, at a share of the learning rate."""
        learning_rate = rate * MATRIX_LR
        for group, momentum in zip(self.groups, self.momenta, strict=True):
            gradient = torch.stack([parameter.grad for parameter in group if parameter.grad is not None])
            momentum.lerp_(gradient, 1 - MUON_MOMENTUM)
            update = orthogonalize(gradient.lerp(momentum, MUON_MOMENTUM))
            scale = learning_rate * max(1.0, update.shape[1] / update.shape[2]) ** 0.5
            for parameter, direction in zip(group, update, strict=True):
                parameter.mul_(1 - learning_rate * WEIGHT_DECAY).add_(direction, alpha=-scale)


class Adam:
    """Adam for one parameter; written out, since importing PyTorch's own takes a second."""

    def __init__(self, parameter: nn.Parameter, learning_rate: float) -> None:
        self.parameter = parameter
        self.learning_rate = learning_rate
        self.mean = torch.zeros_like(parameter)
        self.square = torch.zeros_like(parameter)
        self.steps = 0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Update from the gradient, at a share of the learning rate."""
        if (gradient := self.parameter.grad) is None:
            return
        first, second = ADAM_BETAS
        self.steps += 1
        self.mean.lerp_(gradient, 1 - first)
        self.square.lerp_(gradient.square(), 1 - second)
        spread = (self.square / (1 - second**self.steps)).sqrt_().add_(1e-10)
        self.parameter.addcdiv_(self.mean, spread, value=-rate * self.learning_rate / (1 - first**self.steps))


def make_optimizers(model: GPT) -> list[Muon | Adam]:
    """Muon for the matrices inside blocks; for all else, whatever it is, Adam."""
    matrices = [parameter for parameter in model.blocks.parameters() if parameter.ndim == 2]
    inside = {id(parameter) for parameter in matrices}
    rates = {"head.weight": HEAD_LR / model.head.in_features}
    others = [
        Adam(parameter, rates.get(name, EMBEDDING_LR))
        for name, parameter in model.named_parameters()
        if id(parameter) not in inside
    ]
    return [Muon(matrices), *others]


# ---- training


def schedule(progress: float) -> float:
    """What the learning rates are multiplied by, at a share of the training time."""
    if progress < WARMUP:
        return progress / WARMUP
    if progress < 1 - COOLDOWN:
        return 1.0
    return 1.0 - (1.0 - FINAL_LR) * (progress - (1 - COOLDOWN)) / COOLDOWN


def sizes(device: str) -> tuple[int, int, int, int]:
    """Depth, width, tokens in a row and rows in a step: the knobs, on a GPU times its factors."""
    if device == "cpu":
        return DEPTH, WIDTH, SEQUENCE_LENGTH, BATCH_SIZE
    return (
        DEPTH * GPU_DEPTH_FACTOR,
        WIDTH * GPU_WIDTH_FACTOR,
        SEQUENCE_LENGTH * GPU_SEQUENCE_FACTOR,
        BATCH_SIZE * GPU_BATCH_FACTOR,
    )


def main() -> None:
    """Warm up, train until the budget is used, leave the model."""
    session = Session.connect()
    device, vocabulary = session.device, session.vocabulary_size
    torch.manual_seed(session.seed)
    torch.set_float32_matmul_precision("high")

    depth, width, length, rows = sizes(device)
    config = {"vocabulary": vocabulary, "depth": depth, "width": width, "head_size": HEAD_SIZE}
    model = build_model(config).to(device)
    if device == "cuda":
        for block in model.blocks:  # alike, so compiled once for all of them
            block.compile(dynamic=False)
    optimizers = make_optimizers(model)

    def loss_of(batch: Tensor) -> Tensor:
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            logits = model(batch[:, :-1])
        return F.cross_entropy(logits.float().flatten(0, 1), batch[:, 1:].flatten())

    for _ in range(3):  # compile and allocate before the clock runs
        loss_of(torch.randint(vocabulary, (rows, length + 1), device=device)).backward()
        model.zero_grad()

    stream = torch.tensor(session.ready().view("int16"), device=device)  # torch computes little with uint16
    window = torch.arange(length + 1, device=device)
    step, reported = 0, 0.0
    while (progress := session.progress()) < 1:
        starts = torch.randint(len(stream) - length, (rows, 1), device=device)
        loss = loss_of(stream[starts + window].long() & 0xFFFF)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step(schedule(progress))
        model.zero_grad()
        step += 1
        latest = loss.item()  # waits for the GPU, so that the clock is the GPU's
        if step == 1 or progress >= reported + 0.01:
            reported = progress
            session.report(step=step, loss=latest, tokens=step * rows * length)
            print(f"{progress:4.0%} of the budget, step {step}, loss {latest:.4f}")

    session.save(model, config)


if __name__ == "__main__":
    main()
