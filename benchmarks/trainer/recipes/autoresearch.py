"""The recipe of karpathy/autoresearch's train.py, rebuilt for one CPU core: its model, optimizer and schedules.

The differences are what a CPU asks for: float32, nothing compiled, attention by PyTorch, small sizes. Learning rates are scaled
with the width as there. Rows begin anywhere in the text, as in the built-in trainer: its loader is no part of the comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from labhand.trainer.session import Session
from torch import Tensor, nn

DEPTH = 1
WIDTH = 64
HEAD_SIZE = 64
SEQUENCE_LENGTH = 128
BATCH_SIZE = 8
WINDOW_PATTERN = "SSSL"
SOFTCAP = 15.0

EMBEDDING_LR = 0.6
HEAD_LR = 0.004
MATRIX_LR = 0.04
SCALAR_LR = 0.5
WEIGHT_DECAY = 0.2
COOLDOWN = 0.5
GATE_CHANNELS = 32
POLAR_EXPRESS = (
    (8.156554524902461, -22.48329292557795, 15.878769915207462),
    (4.042929935166739, -2.808917465908714, 0.5000178451051316),
    (3.8916678022926607, -2.772484153217685, 0.5060648178503393),
    (3.285753657755655, -2.3681294933425376, 0.46449024233003106),
    (2.3465413258596377, -1.7097828382687081, 0.42323551169305323),
)


def norm(x: Tensor) -> Tensor:
    return F.rms_norm(x, (x.shape[-1],))


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    left, right = x.chunk(2, dim=-1)
    return torch.cat((left * cos + right * sin, right * cos - left * sin), dim=-1)


def heads(x: Tensor) -> Tensor:
    return x.unflatten(-1, (-1, HEAD_SIZE)).transpose(1, 2)


class Block(nn.Module):
    def __init__(self, width: int, window: int, *, with_values: bool) -> None:
        super().__init__()
        self.window = window
        names = ("query", "key", "value", "output", "up", "down")
        inputs = {"down": 4 * width}
        outputs = {"up": 4 * width}
        self.weights = nn.ParameterDict(
            {name: nn.Parameter(torch.zeros(outputs.get(name, width), inputs.get(name, width))) for name in names}
        )
        bound = (3 / width) ** 0.5
        for name in ("query", "key", "value", "up"):
            nn.init.uniform_(self.weights[name], -bound, bound)
        if with_values:
            self.gate = nn.Parameter(torch.zeros(width // HEAD_SIZE, GATE_CHANNELS))

    def forward(self, x: Tensor, extra: Tensor | None, cos: Tensor, sin: Tensor) -> Tensor:
        w, inside = self.weights, norm(x)
        query, key, value = (heads(F.linear(inside, w[name])) for name in ("query", "key", "value"))
        if extra is not None:
            gate = 2 * torch.sigmoid(F.linear(inside[..., :GATE_CHANNELS], self.gate))
            value = value + gate.mT.unsqueeze(-1) * heads(extra)
        query, key = norm(rotate(query, cos, sin)), norm(rotate(key, cos, sin))
        time, mask = x.shape[1], None
        if self.window < time:
            mask = torch.ones(time, time, dtype=torch.bool).tril().triu(-self.window)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=mask is None)
        x = x + F.linear(mixed.transpose(1, 2).flatten(2), w["output"])
        return x + F.linear(F.relu(F.linear(norm(x), w["up"])).square(), w["down"])


class GPT(nn.Module):
    def __init__(self, vocabulary: int, context: int) -> None:
        super().__init__()
        with_values = [layer % 2 == (DEPTH - 1) % 2 for layer in range(DEPTH)]
        windows = [context // 2 if WINDOW_PATTERN[n % len(WINDOW_PATTERN)] == "S" else context for n in range(DEPTH)]
        windows[-1] = context
        self.embedding = nn.Embedding(vocabulary, WIDTH)
        self.blocks = nn.ModuleList(
            Block(WIDTH, window, with_values=extra) for extra, window in zip(with_values, windows, strict=True)
        )
        self.tables = [(str(n), nn.Embedding(vocabulary, WIDTH)) for n in range(DEPTH) if with_values[n]]
        self.values = nn.ModuleDict(dict(self.tables))
        self.head = nn.Linear(WIDTH, vocabulary, bias=False)
        self.kept = nn.Parameter(torch.ones(DEPTH))
        self.again = nn.Parameter(torch.full((DEPTH,), 0.1))
        nn.init.normal_(self.head.weight, std=0.001)
        for _, table in self.tables:
            nn.init.uniform_(table.weight, -((3 / WIDTH) ** 0.5), (3 / WIDTH) ** 0.5)
        angles = torch.outer(torch.arange(10 * context), 10_000.0 ** -(torch.arange(0, HEAD_SIZE, 2) / HEAD_SIZE))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        cos, sin = (self.get_buffer(name)[: tokens.shape[1]] for name in ("cos", "sin"))
        x = start = norm(self.embedding(tokens))
        for layer, block in enumerate(self.blocks):
            x = self.kept[layer] * x + self.again[layer] * start
            x = block(x, self.values[str(layer)](tokens) if str(layer) in self.values else None, cos, sin)
        return SOFTCAP * torch.tanh(self.head(norm(x)) / SOFTCAP)


def build_model(config: Mapping[str, Any]) -> GPT:
    return GPT(config["vocabulary"], config["context"])


class Adam:
    def __init__(self, parameter: Tensor, learning_rate: float, first: float = 0.8) -> None:
        self.parameter, self.learning_rate, self.first, self.steps = parameter, learning_rate, first, 0
        self.mean, self.square = torch.zeros_like(parameter), torch.zeros_like(parameter)

    @torch.no_grad()
    def step(self, _progress: float, rate: float) -> None:
        gradient = self.parameter.grad
        assert gradient is not None
        self.steps += 1
        self.mean.lerp_(gradient, 1 - self.first)
        self.square.lerp_(gradient.square(), 0.05)
        spread = (self.square / (1 - 0.95**self.steps)).sqrt() + 1e-10
        self.parameter.addcdiv_(self.mean, spread, value=-rate * self.learning_rate / (1 - self.first**self.steps))


class NorMuon:
    """Muon with Polar Express, NorMuon's normalisation of rows, and cautious weight decay, for matrices of one shape."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self.parameters, self.steps = parameters, 0
        self.rows, self.columns = parameters[0].shape
        self.over = -1 if self.rows >= self.columns else -2
        self.momentum = torch.zeros(len(parameters), self.rows, self.columns)
        self.second = self.momentum.mean(dim=self.over, keepdim=True)

    @torch.no_grad()
    def step(self, progress: float, rate: float) -> None:
        share = min(self.steps / 300, 1)
        momentum = (1 - share) * 0.85 + share * 0.95
        self.steps += 1
        gradients = torch.stack([parameter.grad for parameter in self.parameters if parameter.grad is not None])
        self.momentum.lerp_(gradients, 1 - momentum)
        x = self._polar(gradients.lerp(self.momentum, momentum))
        mean = x.square().mean(dim=self.over, keepdim=True)
        before = (mean.sum(dim=(-2, -1), keepdim=True) * x.shape[self.over]).sqrt()
        self.second.lerp_(mean, 0.05)
        size = self.second.clamp_min(1e-10).rsqrt()
        after = (mean * x.shape[self.over] * size.square()).sum(dim=(-2, -1), keepdim=True).sqrt()
        x = x * (size * (before / after.clamp_min(1e-10)))
        learning_rate = rate * MATRIX_LR * max(1.0, self.rows / self.columns) ** 0.5
        weights = torch.stack(list(self.parameters))
        decay = WEIGHT_DECAY * (1 - progress)
        weights.sub_(learning_rate * x + learning_rate * decay * weights * ((x * weights) >= 0))
        for parameter, weight in zip(self.parameters, weights, strict=True):
            parameter.copy_(weight)

    def _polar(self, x: Tensor) -> Tensor:
        tall = self.rows > self.columns
        x = x.mT if tall else x
        x = x / (x.norm(dim=(-2, -1), keepdim=True) * 1.02 + 1e-6)
        for a, b, c in POLAR_EXPRESS:
            square = x @ x.mT
            x = a * x + (b * square + c * (square @ square)) @ x
        return x.mT if tall else x


def make_optimizers(model: GPT) -> list[Adam | NorMuon]:
    scale = (WIDTH / 768) ** -0.5
    tables = [model.embedding.weight, *(table.weight for _, table in model.tables)]
    matrices = list(model.blocks.parameters())
    return [
        Adam(model.head.weight, HEAD_LR * scale),
        *(Adam(table, EMBEDDING_LR * scale) for table in tables),
        Adam(model.kept, 0.01 * SCALAR_LR),
        Adam(model.again, SCALAR_LR, first=0.96),
        *(NorMuon([m for m in matrices if m.shape == shape]) for shape in sorted({m.shape for m in matrices})),
    ]


def main() -> None:
    session = Session.connect()
    torch.manual_seed(session.seed)
    config = {"vocabulary": session.vocabulary_size, "context": SEQUENCE_LENGTH}
    model = build_model(config)
    optimizers = make_optimizers(model)
    for _ in range(3):
        model(torch.randint(session.vocabulary_size, (BATCH_SIZE, SEQUENCE_LENGTH))).sum().backward()
        model.zero_grad()

    stream = torch.tensor(session.ready().view("int16"))
    window, step, loss = torch.arange(SEQUENCE_LENGTH + 1), 0, torch.zeros(())
    while (progress := session.progress()) < 1:
        starts = torch.randint(len(stream) - SEQUENCE_LENGTH, (BATCH_SIZE, 1))
        batch = stream[starts + window].long() & 0xFFFF
        loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        loss.backward()
        rate = 1.0 if progress < 1 - COOLDOWN else (1 - progress) / COOLDOWN
        for optimizer in optimizers:
            optimizer.step(progress, rate)
        model.zero_grad()
        step += 1
        session.report(step=step, loss=loss.item(), tokens=step * BATCH_SIZE * SEQUENCE_LENGTH)
    print(f"step {step}, loss {loss.item():.4f}")
    session.save(model, config)


if __name__ == "__main__":
    main()
