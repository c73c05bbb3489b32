"""Packed rows begin with BOS, are full, and have all of the text once."""

from __future__ import annotations

import random

import numpy as np
import pytest
from labhand.trainer.data import rows
from labhand.trainer.data.rows import PackedRows
from numpy.typing import NDArray

BOS = 60_000


def stream_of(lengths: list[int]) -> NDArray[np.uint16]:
    """Documents of so many tokens after BOS. No two tokens are equal, so that each can be found again."""
    tokens, following = list[int](), 0
    for length in lengths:
        tokens += [BOS, *range(following, following + length)]
        following += length
    return np.array(tokens, np.uint16)


def lengths(count: int, longest: int) -> list[int]:
    chance = random.Random(0)  # noqa: S311  no secret
    return [chance.randrange(longest + 1) for _ in range(count)]


@pytest.fixture(autouse=True)
def few_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small numbers, so that their edges are met."""
    monkeypatch.setattr(rows, "DOCUMENTS_AT_HAND", 8)
    monkeypatch.setattr(rows, "SCANNED", 100)


@pytest.mark.parametrize(
    ("count", "longest", "length"), [(400, 30, 32), (60, 500, 32), (1000, 5, 64), (3, 9000, 17), (300, 9, 2)]
)
def test_every_token_of_text_is_read_once_in_a_pass_and_in_its_order(count: int, longest: int, length: int) -> None:
    stream = stream_of(lengths(count, longest))
    text = int((stream != BOS).sum())
    packed = PackedRows(stream, length)
    seen = np.zeros(text, np.int64)
    while packed.passes < 3:
        batch = packed.take(1)
        assert batch.shape == (1, length)
        assert batch[0, 0] == BOS
        np.add.at(seen, batch[batch != BOS], 1)
        follows = (batch[0, 1:] != BOS) & (batch[0, :-1] != BOS)
        assert (batch[0, 1:][follows] == batch[0, :-1][follows] + 1).all()
    assert seen.sum() > text
    for piece in packed.at_hand:  # it has been read from the stream, and stands in no row yet
        np.add.at(seen, stream[piece.start : piece.start + piece.length - 1], 1)
    assert 3 <= seen.min() <= seen.max() <= seen.min() + 1


def test_documents_that_fit_are_not_cut() -> None:
    stream = stream_of([7, 3, 3, 7, 3, 3] * 4)
    batch = PackedRows(stream, 8).take(20)
    for row in batch:
        assert (np.flatnonzero(row == BOS).tolist()) in ([0], [0, 4])


def test_a_long_document_goes_on_in_another_row_behind_a_bos_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "DOCUMENTS_AT_HAND", 1)
    batch = PackedRows(stream_of([21]), 8).take(4)
    assert batch.tolist() == [[BOS, *range(start, start + 7)] for start in (0, 7, 14, 0)]


def test_tokens_above_the_range_of_int16_stay_what_they_are() -> None:
    stream = np.array([65_535, 40_000, 50_000, 65_535, 33_000, 34_000], np.uint16)
    assert set(PackedRows(stream, 3).take(8).ravel().tolist()) == set(stream.tolist())


@pytest.mark.parametrize(("tokens", "length", "told"), [([], 8, "no tokens"), ([BOS, 1], 1, "2 tokens or more, not 1")])
def test_what_can_not_be_packed_is_refused(tokens: list[int], length: int, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        PackedRows(np.array(tokens, np.uint16), length)
