"""No gradient at all: 4-grams of the training text are counted, with interpolated Kneser-Ney smoothing.

It shows what gradient descent has to beat at budgets of seconds. It ends when the text is counted, whatever the budget.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from labhand.trainer.session import Session
from torch import Tensor, nn

ORDER = 4  # tokens in the longest n-gram
DISCOUNT = 0.8  # of every count


class NGrams(nn.Module):
    """Sorted n-grams, each as one number in base `vocabulary`, and their counts, for n from 2 to ORDER."""

    def __init__(self, vocabulary: int, sizes: list[int]) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.register_buffer("single", torch.zeros(vocabulary))
        for order, size in enumerate(sizes, 2):
            self.register_buffer(f"keys{order}", torch.zeros(size, dtype=torch.int64))
            self.register_buffer(f"sums{order}", torch.zeros(size + 1, dtype=torch.int64))  # of the counts before each

    def forward(self, tokens: Tensor) -> Tensor:
        chances = self.get_buffer("single").expand(tokens.numel(), -1).clone()
        positions, context = torch.arange(tokens.shape[1]), torch.zeros_like(tokens)
        for order in range(2, ORDER + 1):
            keys, sums = self.get_buffer(f"keys{order}"), self.get_buffer(f"sums{order}")
            back = order - 2
            context = context + torch.roll(tokens, back, dims=1) * self.vocabulary**back
            first, last = (torch.searchsorted(keys, (context + end) * self.vocabulary) for end in (0, 1))
            last = torch.where(positions >= back, last, first).flatten()  # a row's first tokens have no such context
            first = first.flatten()
            total, kinds = sums[last] - sums[first], last - first
            chances *= torch.where(kinds > 0, DISCOUNT * kinds / total.clamp_min(1), 1.0)[:, None]
            rows = torch.repeat_interleave(torch.arange(len(first)), kinds)
            found = torch.arange(len(rows)) - (kinds.cumsum(0) - kinds - first)[rows]
            shares = (sums[found + 1] - sums[found] - DISCOUNT) / total[rows]
            chances.index_put_((rows, keys[found] % self.vocabulary), shares, accumulate=True)
        return chances.log().unflatten(0, tokens.shape)


def build_model(config: Mapping[str, Any]) -> NGrams:
    return NGrams(config["vocabulary"], config["sizes"])


def counted(stream: np.ndarray, vocabulary: int) -> tuple[dict[int, tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Keys and counts by order: of the longest how often each occurs, of the others how many tokens stand before each."""
    powers = vocabulary ** np.arange(ORDER - 1, -1, -1)
    whole = np.lib.stride_tricks.sliding_window_view(stream, ORDER) @ powers
    tables = {ORDER: np.unique(whole, return_counts=True)}
    for order in range(ORDER - 1, 1, -1):
        tables[order] = np.unique(tables[order + 1][0] % vocabulary**order, return_counts=True)
    return tables, np.bincount(tables[2][0] % vocabulary, minlength=vocabulary) + 1e-2


def main() -> None:
    session = Session.connect()
    stream, vocabulary = session.ready().astype(np.int64), session.vocabulary_size
    began = time.process_time()
    tables, single = counted(stream, vocabulary)
    config = {"vocabulary": vocabulary, "sizes": [len(tables[order][0]) for order in range(2, ORDER + 1)]}
    model = build_model(config)
    model.get_buffer("single").copy_(torch.tensor(single / single.sum()))
    for order, (keys, counts) in tables.items():
        model.get_buffer(f"keys{order}").copy_(torch.tensor(keys))
        model.get_buffer(f"sums{order}")[1:] = torch.tensor(counts).cumsum(0)
    print(f"step 1, {time.process_time() - began:.1f} CPU seconds")
    session.save(model, config)


if __name__ == "__main__":
    main()
