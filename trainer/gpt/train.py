"""Train a small GPT. This is the file to change: read it from top to bottom, have an idea, try it.

The score is bits per byte of text that was never trained on, after a fixed budget of training time; lower is better. What
must stay is `build_model`, which the evaluator calls, and the few calls of `session`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from labhand.trainer.session import Ranks, Session
from torch import Tensor, nn

# The sizes, rates and the schedule were tuned, one at a time, on one CPU core with 10 to 60 s: each is near a local optimum.

# Model. Sizes are for one CPU core; a GPU gets them multiplied by the factors below.
DEPTH = 1  # blocks of attention and MLP
WIDTH = 64  # of the residual stream
HEAD_SIZE = 64  # width of an attention head; the next larger one if it doesn't divide the width
MLP_RATIO = 4  # hidden width of the MLP over WIDTH
ROTARY_BASE = 1_000.0  # longest wavelength of the position encoding, about, in tokens
QUERY_KEY_GAIN = 1.4  # what the logits of attention are multiplied by
GATE_CHANNELS = 32  # of the residual stream, that a gate looks at

# Batch
SEQUENCE_LENGTH = 128  # tokens in a row; the evaluator's rows have 256, on a GPU 2,048
BATCH_SIZE = 8  # rows in a step, in all processes together
LOSS_CHUNK = 128  # positions whose logits are held at once; on a CPU only

# Optimizers: Muon for the matrices inside blocks, Adam for all else
MATRIX_LR = 0.02
EMBEDDING_LR = 0.1
HEAD_LR = 2.0  # over the width of the model
SCALAR_LR = 0.02  # of gates and single numbers
MUON_MOMENTUM = 0.9
MUON_ITERATIONS = 3  # of Newton-Schulz, in a step
ADAM_BETAS = (0.8, 0.95)
WEIGHT_DECAY = 0.0  # of the matrices, at the full learning rate

# Schedule, in shares of the training time
WARMUP = 0.0  # learning rates rise from 0
COOLDOWN = 0.5  # learning rates fall to FINAL_LR
COOLDOWN_SHAPE = "linear"  # or "cosine", or "sqrt", which falls fastest at first
FINAL_LR = 0.05  # share of the learning rates that is left at the end

# Pieces that autoresearch starts with, and so does this file
VALUE_EMBEDDINGS = True  # a table whose rows are added to the values, in every second block and the last (arXiv:2410.17897)
RESIDUAL_SCALARS = True  # what each block after the first reads is a learned mix of the stream and of the embedding

# Pieces that are off. None of them is tuned, and which of them help, together and at what budget, is left to discover.
SMEAR = False  # a gate adds a share of the token before to each token's embedding
BACKOUT = False  # a learned share of the stream before the middle block is taken out at the end
BIGRAM_ROWS = 0  # of a hashed table of pairs of tokens, which is added to the embedding, such as 16_384
WINDOW_PATTERN = "L"  # by block, repeated: L sees all of the row, S the latest SHORT_WINDOW tokens, such as "SSSL"
SHORT_WINDOW = 64
SOFTCAP = 0.0  # the logits stay below it, such as 15.0; 0 for no cap
TIED_HEAD = False  # the head is the embedding
BATCH_WARMUP = 0.0  # share of the training time in which steps have half as many rows
LENGTH_WARMUP = 0.0  # share of the training time in which rows are half as long, and twice as many

# On a GPU
GPU_DEPTH_FACTOR = 8
GPU_WIDTH_FACTOR = 8
GPU_SEQUENCE_FACTOR = 16
GPU_BATCH_FACTOR = 4


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


def capped(logits: Tensor) -> Tensor:
    """Logits below SOFTCAP."""
    return SOFTCAP * torch.tanh(logits / SOFTCAP) if SOFTCAP else logits


class Attention(nn.Module):
    """Causal self-attention with normalised queries and keys."""

    def __init__(self, width: int, head_size: int, *, has_values: bool) -> None:
        super().__init__()
        self.head_size = head_size
        self.query = linear(width, width)
        self.key = linear(width, width)
        self.value = linear(width, width)
        self.output = linear(width, width, std=0.0)
        if has_values:
            self.value_gate = linear(min(GATE_CHANNELS, width), width // head_size, std=0.0)

    def heads(self, x: Tensor) -> Tensor:
        """[batch, time, width] to [batch, head, time, head_size]."""
        return x.unflatten(-1, (-1, self.head_size)).transpose(1, 2)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor], values: Tensor | None, mask: Tensor | None) -> Tensor:
        """[batch, time, width] to the same; `values` of the same shape are added through a gate for each head."""
        query, key, value = (self.heads(project(x)) for project in (self.query, self.key, self.value))
        if values is not None:
            gate = 2 * torch.sigmoid(self.value_gate(x[..., : self.value_gate.in_features]))
            value = value + gate.mT.unsqueeze(-1) * self.heads(values)
        query, key = rotate(norm(query), rotary), rotate(norm(key), rotary)
        scale = QUERY_KEY_GAIN * self.head_size**-0.5
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=mask is None, scale=scale)
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

    def __init__(self, width: int, head_size: int, *, has_values: bool) -> None:
        super().__init__()
        self.attention = Attention(width, head_size, has_values=has_values)
        self.mlp = MLP(width)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor], values: Tensor | None, mask: Tensor | None) -> Tensor:
        """[batch, time, width] to the same."""
        x = x + self.attention(norm(x), rotary, values, mask)
        return x + self.mlp(norm(x))


def chunked_loss(x: Tensor, weight: Tensor, following: Tensor) -> Tensor:
    """The mean cross-entropy of x [positions, width] under a head [vocabulary, width], without holding all logits at once."""
    to_x, to_weight, total = torch.empty_like(x), torch.zeros_like(weight), x.new_zeros(())
    with torch.no_grad():  # the gradients are computed here, where the probabilities are at hand
        for start in range(0, len(x), LOSS_CHUNK):
            part, answer = x[start : start + LOSS_CHUNK], following[start : start + LOSS_CHUNK, None]
            logits = capped((part @ weight.T).float())
            slope = torch.softmax(logits, dim=-1)
            total -= slope.gather(1, answer).clamp_min(1e-38).log().sum()
            slope.scatter_add_(1, answer, slope.new_full(answer.shape, -1.0))
            if SOFTCAP:
                slope *= 1 - (logits / SOFTCAP).square()
            torch.mm(slope.to(x.dtype), weight, out=to_x[start : start + LOSS_CHUNK])
            to_weight.addmm_(slope.T.to(x.dtype), part)
    carrier = ((x * to_x).sum() + (weight * to_weight).sum()) / len(x)  # has these gradients; its value doesn't count
    return carrier + (total / len(x) - carrier).detach()


class GPT(nn.Module):
    """Token ids [batch, time] to logits [batch, time, vocabulary], or to the mean loss if the tokens that follow are given."""

    def __init__(self, vocabulary: int, depth: int, width: int, head_size: int) -> None:
        super().__init__()
        self.head_size = head_size
        self.embedding = nn.Embedding(vocabulary, width)
        with_values = [VALUE_EMBEDDINGS and layer % 2 == (depth - 1) % 2 for layer in range(depth)]
        self.blocks = nn.ModuleList(Block(width, head_size, has_values=has) for has in with_values)
        tables = {str(layer): nn.Embedding(vocabulary, width) for layer in range(depth) if with_values[layer]}
        self.value_embeds = nn.ModuleDict(tables)
        for table in tables.values():
            nn.init.normal_(table.weight, std=width**-0.5)
        self.head = linear(width, vocabulary, std=0.0)
        self.resid_lambdas = nn.Parameter(torch.ones(depth))
        self.x0_lambdas = nn.Parameter(torch.full((depth,), 0.1))
        if SMEAR:
            self.smear_gate = linear(min(GATE_CHANNELS, width), 1, std=0.0)
            self.smear_lambda = nn.Parameter(torch.ones(()))
        if BACKOUT:
            self.backout_lambda = nn.Parameter(torch.tensor(0.2))
        if BIGRAM_ROWS:
            self.bigrams = nn.Embedding(BIGRAM_ROWS, width, sparse=True)
            nn.init.zeros_(self.bigrams.weight)
        if TIED_HEAD:
            self.head.weight = self.embedding.weight
            nn.init.normal_(self.head.weight, std=0.02)

    def embed(self, tokens: Tensor) -> Tensor:
        """What enters the first block, [batch, time, width]."""
        x = self.embedding(tokens)
        if BIGRAM_ROWS:
            x = x + self.bigrams((36_313 * F.pad(tokens, (1, -1)) + 27_191 * tokens) % BIGRAM_ROWS)
        x = norm(x)
        if SMEAR:
            share = self.smear_lambda * torch.sigmoid(self.smear_gate(x[..., : self.smear_gate.in_features]))
            x = x + share * F.pad(x, (0, 0, 1, -1))
        return x

    def stream(self, tokens: Tensor) -> Tensor:
        """What the head reads, [batch, time, width]."""
        time, device = tokens.shape[1], tokens.device
        rotary = rotary_angles(time, self.head_size, device)
        seen = torch.ones(time, time, dtype=torch.bool, device=device).tril().triu(1 - SHORT_WINDOW)
        masks = {"L": None, "S": seen}
        x = x0 = middle = self.embed(tokens)
        for layer, block in enumerate(self.blocks):
            if RESIDUAL_SCALARS and layer > 0:  # in the first block x is x0
                x = self.resid_lambdas[layer] * x + self.x0_lambdas[layer] * x0
            middle = x if layer == len(self.blocks) // 2 else middle
            values = self.value_embeds[str(layer)](tokens) if str(layer) in self.value_embeds else None
            x = block(x, rotary, values, masks[WINDOW_PATTERN[layer % len(WINDOW_PATTERN)]])
        return norm(x - self.backout_lambda * middle if BACKOUT else x)

    def forward(self, tokens: Tensor, following: Tensor | None = None) -> Tensor:
        """The logits of the token after each, or the mean loss of the tokens that follow, in nats."""
        x = self.stream(tokens)
        if following is not None and not x.is_cuda:
            return chunked_loss(x.flatten(0, 1), self.head.weight, following.flatten())
        logits = capped(self.head(x).float())
        return logits if following is None else F.cross_entropy(logits.flatten(0, 1), following.flatten())


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

    def __init__(self, parameters: list[nn.Parameter], ranks: Ranks) -> None:
        self.ranks = ranks
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
            update = self.ranks.map_shards(orthogonalize, gradient.lerp(momentum, MUON_MOMENTUM))
            scale = learning_rate * max(1.0, update.shape[1] / update.shape[2]) ** 0.5
            for parameter, direction in zip(group, update, strict=True):
                parameter.mul_(1 - learning_rate * WEIGHT_DECAY).add_(direction, alpha=-scale)


class Adam:
    """Adam for one parameter; written out, since importing PyTorch's own takes a second."""

    def __init__(self, parameter: nn.Parameter, learning_rate: float) -> None:
        self.parameter, self.learning_rate, self.steps = parameter, learning_rate, 0
        self.mean, self.square = torch.zeros_like(parameter), torch.zeros_like(parameter)

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Update from the gradient, at a share of the learning rate."""
        if (gradient := self.parameter.grad) is None:
            return
        rows: Any = ...
        if gradient.is_sparse:  # of a large table only the rows that were looked up move
            gradient = gradient.coalesce()
            rows, gradient = gradient.indices()[0], gradient.values()
        first, second = ADAM_BETAS
        self.steps += 1
        mean = self.mean[rows].lerp_(gradient, 1 - first)
        square = self.square[rows].lerp_(gradient.square(), 1 - second)
        spread = (square / (1 - second**self.steps)).sqrt_().add_(1e-10)
        size = -rate * self.learning_rate / (1 - first**self.steps)
        self.mean[rows], self.square[rows] = mean, square
        self.parameter[rows] = self.parameter[rows].addcdiv_(mean, spread, value=size)


def make_optimizers(model: GPT, ranks: Ranks) -> list[Muon | Adam]:
    """Muon for the matrices inside blocks; for all else, whatever it is, Adam."""
    matrices, others = list[nn.Parameter](), list[Muon | Adam]()
    for name, parameter in model.named_parameters():
        if parameter.ndim < 2 or "gate" in name:
            others.append(Adam(parameter, SCALAR_LR))
        elif name.startswith("blocks."):
            matrices.append(parameter)
        else:
            others.append(Adam(parameter, HEAD_LR / model.head.in_features if parameter is model.head.weight else EMBEDDING_LR))
    return [Muon(matrices, ranks), *others]


# ---- training


def schedule(progress: float) -> float:
    """What the learning rates are multiplied by, at a share of the training time."""
    if progress < WARMUP:
        return progress / WARMUP
    if progress < 1 - COOLDOWN:
        return 1.0
    gone = (progress - (1 - COOLDOWN)) / COOLDOWN
    shapes = {"linear": gone, "cosine": (1 - math.cos(math.pi * gone)) / 2, "sqrt": math.sqrt(gone)}
    return 1.0 - (1.0 - FINAL_LR) * shapes[COOLDOWN_SHAPE]


def sizes(device: str) -> tuple[int, int, int, int]:
    """Depth, width, tokens in a row and rows in a step: the knobs, on a GPU times its factors."""
    if device == "cpu":
        return DEPTH, WIDTH, SEQUENCE_LENGTH, BATCH_SIZE
    depth, width, length, rows = GPU_DEPTH_FACTOR, GPU_WIDTH_FACTOR, GPU_SEQUENCE_FACTOR, GPU_BATCH_FACTOR
    return DEPTH * depth, WIDTH * width, SEQUENCE_LENGTH * length, BATCH_SIZE * rows


def batch_shape(progress: float, rows: int, length: int) -> tuple[int, int]:
    """Rows and tokens in a row of a step, at a share of the training time."""
    if progress < LENGTH_WARMUP:
        rows, length = 2 * rows, length // 2
    return (rows // 2 if progress < BATCH_WARMUP else rows), length


def main() -> None:
    """Warm up, train until the budget is used, leave the model."""
    session = Session.connect(parallel=True)
    device, vocabulary, ranks = session.device, session.vocabulary_size, session.ranks
    torch.manual_seed(session.seed)
    torch.set_float32_matmul_precision("high")
    depth, width, full_length, full_rows = sizes(device)
    full_rows = max(1, full_rows // ranks.count)  # of each process
    head_size = next(size for size in range(min(HEAD_SIZE, width), width + 1, 2) if width % size == 0)
    config = {"vocabulary": vocabulary, "depth": depth, "width": width, "head_size": head_size}
    model = build_model(config).to(device)
    if device == "cuda":
        for block in model.blocks:  # compiled once for all that are alike
            block.compile(dynamic=False)
    optimizers = make_optimizers(model, ranks)

    def loss_of(batch: Tensor) -> Tensor:
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            return model(batch[:, :-1], batch[:, 1:])

    for progress in (0.0, LENGTH_WARMUP, BATCH_WARMUP):  # compile and allocate before the clock runs
        rows, length = batch_shape(progress, full_rows, full_length)
        loss_of(torch.randint(vocabulary, (rows, length + 1), device=device)).backward()
        model.zero_grad()

    stream = torch.tensor(session.ready().view("int16"), device=device)  # torch computes little with uint16
    step, tokens, reported, before = 0, 0, 0.0, torch.zeros(())
    while (progress := session.progress()) < 1:
        rows, length = batch_shape(progress, full_rows, full_length)
        starts = torch.randint(len(stream) - length, (ranks.count, rows, 1), device=device)[ranks.rank]
        loss = loss_of(stream[starts + torch.arange(length + 1, device=device)].long() & 0xFFFF)
        loss.backward()
        ranks.average_gradients(model.parameters())
        for optimizer in optimizers:
            optimizer.step(schedule(progress))
        model.zero_grad()
        step, tokens = step + 1, tokens + rows * length * ranks.count
        latest, before = before.item() if step > 1 else loss.item(), loss.detach()  # a GPU has its next step by then
        if step == 1 or progress >= reported + 0.01:
            reported = progress
            session.report(step=step, loss=latest, tokens=tokens)
            print(f"{progress:4.0%} of the budget, step {step}, loss {latest:.4f}")

    session.save(model, config)


if __name__ == "__main__":
    main()
