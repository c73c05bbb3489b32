"""Tokens stand for exactly the text that they came from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from labhand.trainer.data.tokenizer import BOS, Tokenizer

TEXTS = ["the lab learns from what it reads", "naïve café, 1790 to 2026\n\n\tand so on", "学習 🧪 trains", "the end"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(TEXTS * 20, 300)


def test_text_comes_back_as_it_was(tokenizer: Tokenizer) -> None:
    assert [tokenizer.decode(tokens) for tokens in tokenizer.encode(TEXTS)] == TEXTS


def test_every_text_begins_with_bos_and_holds_no_other(tokenizer: Tokenizer) -> None:
    for tokens in tokenizer.encode([*TEXTS, ""]):
        assert (tokens == tokenizer.bos).nonzero()[0].tolist() == [0]
        assert tokens.dtype == np.uint16


def test_bytes_of_tokens_sum_to_the_bytes_of_the_text(tokenizer: Tokenizer) -> None:
    # None of this was in the training text, so every character of it falls apart into raw bytes.
    unseen = ["Ω≈ç√∫", "🦉🦉", "\x00\x7f\u200b", "plain"]
    for text, tokens in zip(unseen, tokenizer.encode(unseen), strict=True):
        assert tokenizer.token_bytes()[tokens].sum() == len(text.encode())


def test_a_raw_byte_counts_one_and_bos_none(tokenizer: Tokenizer) -> None:
    lengths = tokenizer.token_bytes()
    assert lengths[:256].tolist() == [1] * 256
    assert lengths[tokenizer.bos] == 0
    assert (lengths[256 : tokenizer.bos] >= 2).all()


def test_the_vocabulary_has_the_size_that_was_asked_for(tokenizer: Tokenizer) -> None:
    assert tokenizer.vocabulary_size == len(tokenizer.token_bytes()) == 300
    assert tokenizer.bos == 299


def test_text_that_looks_like_bos_is_text(tokenizer: Tokenizer) -> None:
    (tokens,) = tokenizer.encode([BOS])
    assert tokenizer.bos not in tokens[1:]
    assert tokenizer.decode(tokens) == BOS


def test_a_saved_tokenizer_encodes_alike(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path / "merges")
    loaded = Tokenizer.load(tmp_path / "merges")
    assert [tokens.tolist() for tokens in loaded.encode(TEXTS)] == [tokens.tolist() for tokens in tokenizer.encode(TEXTS)]
