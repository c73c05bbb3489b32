"""A plain GPT as nanoGPT has it: learned positions, LayerNorm, GELU, AdamW with warm-up and a cosine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from labhand.trainer.session import Session
from torch import Tensor, nn

DEPTH = 1
WIDTH = 64
HEAD_SIZE = 64
SEQUENCE_LENGTH = 256  # positions are learned, so rows are as long as the evaluator's
BATCH_SIZE = 4
LEARNING_RATE = 3e-3
WARMUP = 0.05
INITIAL_STD = 0.02


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.mix = nn.Linear(WIDTH, 3 * WIDTH)
        self.output = nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        heads = (part.unflatten(-1, (-1, HEAD_SIZE)).transpose(1, 2) for part in self.mix(self.norms[0](x)).chunk(3, dim=-1))
        x = x + self.output(F.scaled_dot_product_attention(*heads, is_causal=True).transpose(1, 2).flatten(2))
        return x + self.mlp(self.norms[1](x))


class GPT(nn.Module):
    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, WIDTH)
        self.positions = nn.Embedding(SEQUENCE_LENGTH, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(DEPTH)))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, vocabulary, bias=False)
        for parameter in self.parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=INITIAL_STD)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens) + self.positions(torch.arange(tokens.shape[1]))
        return self.head(self.norm(self.blocks(x)))


def build_model(config: Mapping[str, Any]) -> GPT:
    return GPT(config["vocabulary"])


def main() -> None:
    session = Session.connect()
    torch.manual_seed(session.seed)
    config = {"vocabulary": session.vocabulary_size}
    model = build_model(config)
    decayed = [parameter for parameter in model.parameters() if parameter.ndim == 2]
    rest = [parameter for parameter in model.parameters() if parameter.ndim < 2]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=(0.9, 0.95), fused=True)
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
        cosine = 0.1 + 0.45 * (1 + math.cos(math.pi * progress))
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(progress / WARMUP, cosine)
        optimizer.step()
        model.zero_grad()
        step += 1
        session.report(step=step, loss=loss.item(), tokens=step * BATCH_SIZE * SEQUENCE_LENGTH)
    print(f"step {step}, loss {loss.item():.4f}")
    session.save(model, config)


if __name__ == "__main__":
    main()
