"""Byte-pair encoding: rustbpe learns the merges, tiktoken applies them.

Token ids are the merges' ranks, and the last id is BOS, which stands for no text.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path

import numpy as np
import tiktoken
from numpy.typing import NDArray

PATTERN = r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"""
"""How text is split before merging: GPT-4's pattern, with at most two digits together, which suits small vocabularies."""
BOS = "<|bos|>"
MIN_VOCABULARY = 257
MAX_VOCABULARY = 2**16


class Tokenizer:
    """Text to tokens.

    Attributes:
        merges: Bytes of each token, by rank.
        vocabulary_size: Number of token ids, BOS among them.
    """

    def __init__(self, merges: Mapping[bytes, int]) -> None:
        self.merges = merges
        self.vocabulary_size = len(merges) + 1
        self.bos = len(merges)
        self._encoding = tiktoken.Encoding(
            "labhand", pat_str=PATTERN, mergeable_ranks=dict(merges), special_tokens={BOS: self.bos}
        )

    @classmethod
    def train(cls, texts: Iterable[str], vocabulary: int) -> Tokenizer:
        """Learn the merges of a text.

        Args:
            texts: What to learn from; never the validation or the test split.
            vocabulary: Number of token ids wanted; a short text may yield fewer.
        """
        learner = import_module("rustbpe").Tokenizer()  # has neither types nor stubs
        learner.train_from_iterator(iter(texts), vocabulary - 1, pattern=PATTERN)
        return cls({bytes(token): rank for token, rank in learner.get_mergeable_ranks()})

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Read merges that `save` wrote."""
        pairs = (line.split() for line in path.read_bytes().splitlines())
        return cls({base64.b64decode(token): int(rank) for token, rank in pairs})

    def save(self, path: Path) -> None:
        """Write the merges, in tiktoken's format."""
        lines = [base64.b64encode(token) + b" %d\n" % rank for token, rank in self.merges.items()]
        path.write_bytes(b"".join(lines))

    def token_bytes(self) -> NDArray[np.int64]:
        """int64 [vocabulary_size]: how many bytes of text each token stands for, 0 for BOS.

        Lengths are those of the merges: `decode` turns a byte that isn't a character into three.
        """
        lengths = np.zeros(self.vocabulary_size, dtype=np.int64)
        for token, rank in self.merges.items():
            lengths[rank] = len(token)
        return lengths

    def encode(self, texts: list[str], threads: int = 2) -> Iterator[NDArray[np.uint16]]:
        """The tokens of each text, BOS first; text that looks like BOS is encoded as text."""
        for tokens in self._encoding.encode_ordinary_batch(texts, num_threads=threads):
            yield np.array([self.bos, *tokens], dtype=np.uint16)

    def decode(self, tokens: NDArray[np.uint16]) -> str:
        """The text that tokens stand for, without BOS."""
        return self._encoding.decode([int(token) for token in tokens if token != self.bos])
