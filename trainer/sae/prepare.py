"""Train a small GPT on the corpus `sotu` and keep its activations; done once a machine.

The activations are the residual stream after the first of two blocks, one vector a token. Each split of the corpus has a folder
of its own: training may read one, an evaluation another, and the third is for the person's report alone.
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from labhand.trainer.contract.files import cache_folder, locked
from labhand.trainer.data.corpus import Split
from labhand.trainer.data.sources import SPLITS
from labhand.trainer.prepare import prepare_corpus
from numpy.typing import NDArray
from torch import Tensor, nn

FOLDER = "sae"  # below the cache; trainer.toml names it too
VOCABULARY = 1024
WIDTH, HEADS, CONTEXT = 64, 2, 128
STEPS, ROWS, RATE = 400, 8, 3e-3
TOKENS = {"train": 2**17, "validation": 2**14, "test": 2**14}
SEED = 0
RECIPE = [1, VOCABULARY, WIDTH, HEADS, CONTEXT, STEPS, ROWS, RATE, TOKENS, SEED]


class Block(nn.Module):
    """Causal attention and an MLP, each added to the residual stream."""

    def __init__(self) -> None:
        super().__init__()
        self.mixes = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.out = nn.Linear(WIDTH, WIDTH, bias=False)
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """The residual stream [rows, time, width] after the block."""
        rows, length, _ = x.shape
        mixed = self.mixes(F.layer_norm(x, (WIDTH,))).view(rows, length, 3, HEADS, -1)
        query, key, value = mixed.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(rows, length, WIDTH))
        return x + self.down(F.gelu(self.up(F.layer_norm(x, (WIDTH,)))))


class GPT(nn.Module):
    """Two blocks, of which the first one's output is studied."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.places = nn.Embedding(CONTEXT, WIDTH)
        self.first, self.second = Block(), Block()
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)

    def activations(self, tokens: Tensor) -> Tensor:
        """Activations [rows, time, width] of token ids [rows, time]."""
        return self.first(self.tokens(tokens) + self.places.weight[: tokens.shape[1]])

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits [rows, time, vocabulary]."""
        return self.head(F.layer_norm(self.second(self.activations(tokens)), (WIDTH,)))


def train(split: Split) -> GPT:
    """A GPT after a fixed number of steps: the same one wherever the same processor and torch compute it."""
    torch.manual_seed(SEED)
    model = GPT()
    optimizer = torch.optim.AdamW(model.parameters(), RATE, betas=(0.9, 0.95), weight_decay=0.1)
    stream = torch.from_numpy(split.tokens.astype(np.int64))
    began = time.process_time()
    for step in range(STEPS):
        starts = torch.randint(len(stream) - CONTEXT, (ROWS, 1))
        batch = stream[starts + torch.arange(CONTEXT + 1)]
        loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        optimizer.param_groups[0]["lr"] = RATE * min(1.0, 2 * (1 - step / STEPS))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 99:
            print(f"GPT, step {step + 1} of {STEPS}: loss {loss.item():.3f}, {time.process_time() - began:.0f} CPU-s")
    return model


@torch.inference_mode()
def activations(model: GPT, split: Split, tokens: int) -> NDArray[np.float32]:
    """Activations [tokens, width] of rows that are spread evenly over a split, or of all of it if it is shorter."""
    rows = min(tokens, len(split.tokens)) // CONTEXT
    starts = np.arange(rows) * ((len(split.tokens) // CONTEXT - 1) / max(1, rows - 1))
    windows = split.tokens[(starts.astype(np.int64) * CONTEXT)[:, None] + np.arange(CONTEXT)].astype(np.int64)
    parts = [model.activations(torch.from_numpy(part)) for part in np.array_split(windows, max(1, rows // 64))]
    return torch.cat(parts).flatten(0, 1).numpy()


def build(folder: Path) -> None:
    """Write the activations of every split, shifted and scaled as the training split asks for: mean 0, mean square 1."""
    corpus = prepare_corpus("sotu", VOCABULARY, say=print)
    torch.set_num_threads(1)
    model = train(corpus.split("train"))
    raw = {name: activations(model, corpus.split(name), TOKENS[name]) for name in SPLITS}
    mean = raw["train"].mean(0, dtype=np.float64)
    scale = np.sqrt(np.square(raw["train"] - mean).mean())
    shutil.rmtree(folder, ignore_errors=True)
    for name, values in raw.items():
        (folder / name).mkdir(parents=True)
        np.save(folder / name / "activations.npy", ((values - mean) / scale).astype(np.float16))
    (folder / "recipe.json").write_text(json.dumps(RECIPE), "utf-8")


def main() -> None:
    """Prepare the activations, unless that was done."""
    place = cache_folder() / FOLDER
    place.parent.mkdir(parents=True, exist_ok=True)
    with locked(place.with_name(f"{FOLDER}.lock"), lambda: None):
        done = place / "recipe.json"
        if not done.exists() or json.loads(done.read_text("utf-8")) != json.loads(json.dumps(RECIPE)):
            building = place.with_name(f"{FOLDER}.building")
            build(building)
            shutil.rmtree(place, ignore_errors=True)
            building.rename(place)
    print(f"Ready: {place}")


if __name__ == "__main__":
    main()
