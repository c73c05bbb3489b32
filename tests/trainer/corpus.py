"""A corpus that is prepared in a moment: made-up sentences, a file each."""

from __future__ import annotations

import random
from pathlib import Path

from labhand.trainer.prepare import prepare_corpus

WORDS = """the of a lab run seed model learns from what it reads and never sees again""".split()  # noqa: SIM905


def prepare_small_corpus(folder: Path, cache: Path) -> None:
    """Write a folder of text and prepare it with 300 token ids."""
    chance = random.Random(0)  # noqa: S311
    folder.mkdir()
    for number in range(60):
        text = " ".join(chance.choice(WORDS) for _ in range(900))
        (folder / f"{number}.txt").write_text(text)
    prepare_corpus(str(folder), 300, cache)
