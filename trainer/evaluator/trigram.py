"""The expected loss of a text, by a trigram model counted over other text.

It isn't a score. Where a model does much better than this, looking at the next token would have paid most.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MAX_COUNTED_TOKENS = 2**21
_BITS = 22
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4)."""
_WEIGHT = 4.0
"""Of the shorter context, as a number of occurrences of the longer one."""


def expected_nats(
    text: NDArray[np.integer], inputs: NDArray[np.int64], targets: NDArray[np.int64], size: int
) -> NDArray[np.float64]:
    """Cross-entropy [rows, time], in nats, of a trigram model that backs off to shorter contexts.

    Args:
        text: Training tokens.
        inputs: [rows, time].
        targets: [rows, time], the tokens that follow.
        size: Token ids are below it.
    """
    counted = text[:MAX_COUNTED_TOKENS].astype(np.uint64)
    before = np.pad(inputs, ((0, 0), (1, 0)))[:, :-1].astype(np.uint64)
    last, wanted, many = inputs.astype(np.uint64), targets.astype(np.uint64), np.uint64(size)
    counts = np.bincount(counted.astype(np.int64), minlength=size)
    chance = (counts[targets] + 1) / (len(counted) + size)
    pairs = counted[:-1] * many + counted[1:]
    contexts = ((counted[:-1], counted[1:], last), (pairs[:-1], counted[2:], before * many + last))
    for context, following, here in contexts:
        of_both = _looked_up(context * many + following, here * many + wanted)
        of_context = _looked_up(context, here)
        chance = (of_both + _WEIGHT * chance) / (np.maximum(of_context, of_both) + _WEIGHT)
    return -np.log(chance)


def _looked_up(keys: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How often each wanted key occurs among the keys; sometimes more, since two keys may share a slot."""
    counts = np.bincount(_slot(keys), minlength=2**_BITS)
    return counts[_slot(wanted)]


def _slot(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    return (keys * _MULTIPLIER >> np.uint64(64 - _BITS)).astype(np.int64)
