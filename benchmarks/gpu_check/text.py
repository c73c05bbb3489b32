"""Text to train on where there is none: made-up words, of which few are frequent, in sentences that repeat themselves."""

from __future__ import annotations

import random
from itertools import accumulate
from pathlib import Path

SYLLABLES = "ba co di fe gu ha lin mor nes pat qui ros sel tan vor wex yim zu".split()  # noqa: SIM905
WORDS = 20_000
DOCUMENTS = 200
SENTENCE = 12
"""Words in a sentence."""


def write_text(folder: Path, characters: int) -> None:
    """Write documents into a new folder, the same ones each time.

    Args:
        folder: Created.
        characters: In all, about.
    """
    chance = random.Random(0)
    words = sorted({"".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(WORDS)})
    chance.shuffle(words)
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
    mean = sum(map(len, words[:100])) / 100 + 1
    sentences = max(4, round(characters / DOCUMENTS / mean / SENTENCE))
    folder.mkdir()
    for number in range(DOCUMENTS):
        drawn = [" ".join(chance.choices(words, cum_weights=weights, k=SENTENCE)) for _ in range(sentences)]
        (folder / f"{number:04}.txt").write_text(". ".join(drawn) + ".\n", "utf-8")
