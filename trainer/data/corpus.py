"""Tokenised corpora, as the runner and the evaluator read them.

A prepared corpus is a folder of memory-mapped files that never change:

    ~/.cache/labhand/corpora/sotu-1024-3f9a0c51d2e4/
        meta.json               recipe, fingerprint, counts
        tokenizer.tiktoken      the merges, in tiktoken's own format
        token_bytes.npy         bytes of text that each token stands for
        train/  validation/  test/      a folder each, so that a sandbox can forbid one and allow another
            tokens.bin          uint16, the documents one after another
            offsets.npy         int64, where each document begins, and the end
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract.files import cache_folder
from .sources import DataError, SplitName, find_source

FORMAT = 1
"""Increased when the meaning of the files, the split or the tokenizer changes."""
STREAM_SHARE = 0.9
"""Of the training text, in one seed's stream: replicates read different text, not only in a different order."""
BLOCK_TOKENS = 16_384
"""In a large corpus documents are shuffled in blocks of at least this size, which makes long streams cheap."""


@dataclass(frozen=True, slots=True)
class Split:
    """The documents of a split, one after another, each beginning with the token BOS.

    Attributes:
        tokens: uint16, memory-mapped.
        offsets: int64, one more than there are documents: where each begins; the last is `len(tokens)`.
    """

    tokens: NDArray[np.uint16]
    offsets: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A prepared corpus.

    Attributes:
        folder: Where it lies; each split is a folder below it.
        fingerprint: Hash of the tokens, the split and the merges: equal fingerprints are the same data.
        vocabulary_size: Token ids are below it; BOS is the last.
        token_bytes: int64 [vocabulary_size]; bytes of text that a token stands for, 0 for BOS.
    """

    folder: Path
    fingerprint: str
    vocabulary_size: int
    token_bytes: NDArray[np.int64]

    @property
    def bos(self) -> int:
        """The token that each document begins with."""
        return self.vocabulary_size - 1

    def split_folder(self, name: SplitName) -> Path:
        """The folder to allow or forbid."""
        return self.folder / name

    def split(self, name: SplitName) -> Split:
        """Open one split; its tokens are read from the disk when they are used."""
        folder = self.split_folder(name)
        return Split(np.memmap(folder / "tokens.bin", dtype=np.uint16, mode="r"), np.load(folder / "offsets.npy"))


def recipe(corpus: str, vocabulary: int) -> dict[str, Any]:
    """What determines the content of a prepared corpus; a folder with another recipe isn't used."""
    return {"format": FORMAT, "source": find_source(corpus).identity, "vocabulary": vocabulary}


def find_corpus(wanted: Mapping[str, Any], cache: Path | None = None) -> Corpus | None:
    """The prepared corpus of a recipe, or None if there is none.

    Only complete folders have a `meta.json` at this place: they are written elsewhere and renamed.
    """
    for path in sorted(((cache or cache_folder()) / "corpora").glob("*/meta.json")):
        meta = json.loads(path.read_text(encoding="utf-8"))
        if meta["recipe"] == wanted:
            return Corpus(path.parent, meta["fingerprint"], meta["vocabulary_size"], np.load(path.parent / "token_bytes.npy"))
    return None


def load_corpus(corpus: str, vocabulary: int, cache: Path | None = None) -> Corpus:
    """Open a prepared corpus.

    Args:
        corpus: `sotu`, `climbmix`, `climbmix:SHARDS` or the path of a folder of `.txt` files.
        vocabulary: Number of token ids, BOS among them.
        cache: Where it was prepared; by default as `cache_folder` says.

    Raises:
        DataError: It wasn't prepared, or there is no such corpus.
    """
    prepared = find_corpus(recipe(corpus, vocabulary), cache)
    if prepared is None:
        where = (cache or cache_folder()) / "corpora"
        raise DataError(
            f"The corpus {corpus!r} with a vocabulary of {vocabulary} is not prepared in {where}. "
            f"Run `labhand prepare`, or `python -m labhand.trainer.prepare --corpus {corpus} --vocabulary {vocabulary}`."
        )
    return prepared


def training_stream(corpus: Corpus, seed: int, limit_tokens: int | None = None) -> NDArray[np.uint16]:
    """The training documents that one seed reads: a random 90 % of the text, in a random order.

    Args:
        corpus: Its train split is read.
        seed: Equal seeds give equal streams, on any machine.
        limit_tokens: Cut the stream here; None for all that the seed reads.

    Returns:
        uint16 tokens in memory, each document beginning with BOS.
    """
    train = corpus.split("train")
    block = max(1, min(BLOCK_TOKENS, len(train.tokens) // 256))
    starts = train.offsets[np.searchsorted(train.offsets, np.arange(0, len(train.tokens), block))]
    edges = np.unique(np.append(starts, len(train.tokens)))
    order = np.random.default_rng(seed).permutation(len(edges) - 1)
    order = order[: max(1, round(STREAM_SHARE * len(order)))]
    lengths = (edges[1:] - edges[:-1])[order]
    blocks = order if limit_tokens is None else order[: int(np.searchsorted(np.cumsum(lengths), limit_tokens)) + 1]
    return np.concatenate([train.tokens[edges[block] : edges[block + 1]] for block in blocks])[:limit_tokens]
