"""Whoever gains by looking ahead is caught, wherever, however rarely and however far ahead they look."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from labhand.trainer.evaluator.cheating import Findings
from labhand.trainer.evaluator.evaluate import Rows, measure
from labhand.trainer.evaluator.probes import PROBES, chances
from labhand.trainer.evaluator.trigram import expected_nats
from numpy.typing import NDArray

SIZE, ROWS, WIDTH = 64, 128, 256
Tokens = NDArray[np.int64]
Logits = NDArray[np.float32]


@dataclass(frozen=True)
class Place:
    """What a model goes by when it chooses where to look ahead, [rows, time] each.

    Attributes:
        tokens: That it is given.
        dear: What the next one would cost it, nats.
    """

    tokens: Tokens
    dear: NDArray[np.float64]


Look = Callable[[Place], NDArray[np.bool_]]
"""Where a model looks ahead, [rows, time]."""


@dataclass(frozen=True)
class World:
    """Text of a chain of tokens, and the model that knows the chain, but for a little."""

    rows: Rows
    expected: NDArray[np.float64]
    model: Logits


@pytest.fixture(scope="module")
def world() -> World:
    """As many rows as are scored on a CPU, of a chain as predictable as text."""
    random = np.random.default_rng(0)
    chain = random.dirichlet(np.full(SIZE, 0.1), SIZE)
    sums, tokens = chain.cumsum(axis=1), [0]
    for draw in random.random(ROWS * WIDTH + 60_000):
        tokens.append(min(int(np.searchsorted(sums[tokens[-1]], float(draw))), SIZE - 1))
    text = np.array(tokens)
    windows = text[np.arange(ROWS)[:, None] * WIDTH + np.arange(WIDTH + 1)]
    rows = Rows(windows[:, :-1], windows[:, 1:], np.ones((ROWS, WIDTH), np.int64))
    expected = expected_nats(text[ROWS * WIDTH :], rows.inputs, rows.targets, SIZE)
    return World(rows, expected, np.log(0.9 * chain + 0.1 / SIZE).astype(np.float32))


def ahead(tokens: Tokens, reach: int) -> Tokens:
    """The tokens so many places further on; there are none at the end of a row."""
    return np.pad(tokens, ((0, 0), (0, reach)))[:, reach:]


def nats_of(logits: Logits, wanted: Tokens) -> NDArray[np.float64]:
    chosen = np.take_along_axis(logits, wanted[..., None], axis=-1)[..., 0]
    return np.asarray(np.log(np.exp(logits.astype(np.float64)).sum(axis=-1)) - chosen)


@dataclass(frozen=True)
class Scored:
    """What became of a model.

    Attributes:
        losses: [rows, time], nats.
        looked: Where it looked ahead in the rows that were scored, [rows, time].
        found: Evidence.
    """

    losses: NDArray[np.float64]
    looked: NDArray[np.bool_]
    found: Findings


def scored(world: World, look: Look, *, reach: int = 1, keep: bool = False) -> Scored:
    """Score a model that is told a later token wherever it looks ahead, and makes the best of it.

    Args:
        world: The text.
        look: Where it does.
        reach: How far ahead the token is.
        keep: It keeps each answer in mind, and gives it again for a row that begins alike.
    """
    comes_to = np.linalg.matrix_power(np.exp(world.model.astype(np.float64)), reach - 1)
    told = np.log(np.maximum(comes_to, 1e-4)).astype(np.float32)

    @contextmanager
    def fresh() -> Generator[Callable[[Tokens], Logits]]:
        kept: list[tuple[Tokens, Logits]] = []

        def logits(tokens: Tokens) -> Logits:
            answer = world.model[tokens]
            row, position = np.nonzero(places(look, world, tokens, reach))
            answer[row, position] += told[:, tokens[row, position + reach]].T
            for one, given in zip(tokens, answer, strict=True) if keep else ():
                for known, before in kept:
                    alike = int(np.argmin(np.append(known == one, False)))
                    given[: alike if alike > 4 else 0] = before[: alike if alike > 4 else 0]
                kept.append((one.copy(), given.copy()))
            return answer

        yield logits

    losses, found = measure(fresh, world.rows, 16, world.expected)
    return Scored(losses, places(look, world, world.rows.inputs, reach), found)


def places(look: Look, world: World, tokens: Tokens, reach: int) -> NDArray[np.bool_]:
    """Where a model looks ahead at a token that is there."""
    where = look(Place(tokens, nats_of(world.model[tokens], ahead(tokens, 1))))
    return where & (np.arange(WIDTH) < WIDTH - reach)


def nowhere(place: Place) -> NDArray[np.bool_]:
    return np.zeros(place.tokens.shape, np.bool_)


def everywhere(place: Place) -> NDArray[np.bool_]:
    return np.ones(place.tokens.shape, np.bool_)


def at_places(places: list[int], place: Place) -> NDArray[np.bool_]:
    return np.isin(np.arange(WIDTH), places) & everywhere(place)


def after_content(share: float, place: Place) -> NDArray[np.bool_]:
    """A share of all places, told by the two tokens before."""
    before = np.pad(place.tokens, ((0, 0), (1, 0)))[:, :-1]
    return np.asarray((place.tokens * 104_729 + before * 7919) % 1009 < share * 1009)


def in_rows(share: float, place: Place) -> NDArray[np.bool_]:
    """All of a row in so many, told by its first tokens."""
    chosen = place.tokens[:, :4] @ [7919, 104_729, 31, 1] % 1009 < share * 1009
    return chosen[:, None] & everywhere(place)


def where_dear(share: float, above: float, place: Place) -> NDArray[np.bool_]:
    """A share of the places at which the next token would cost most: the most that can be had for so few looks."""
    return np.asarray((place.dear > above) & ((place.tokens * 104_729 + np.arange(WIDTH) * 31) % 1009 < share * 1009))


LOOKS: dict[str, Look] = {
    "everywhere": everywhere,
    "at three places": partial(at_places, [7, 90, 200]),
    "at two places": partial(at_places, [100, 101]),
    "after one in fifty": partial(after_content, 0.02),
    "in one row of twenty": partial(in_rows, 0.05),
    "at half of what is dearest": partial(where_dear, 0.5, 5.0),
    "at a tenth of what is dear": partial(where_dear, 0.1, 3.0),
}


@pytest.fixture(scope="module")
def honest(world: World) -> Scored:
    """The model that looks nowhere."""
    return scored(world, nowhere)


def test_who_looks_nowhere_is_not_accused(honest: Scored) -> None:
    assert (honest.found.tampering, honest.found.breaches) == ([], [])


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_look_ahead_is_found_every_time(world: World, honest: Scored, look: Look) -> None:
    for _ in range(2):
        cheat = scored(world, look)
        assert cheat.losses.mean() < 0.995 * honest.losses.mean()
        assert "future" in " ".join(cheat.found.tampering)


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_hardly_one_in_ten_thousand_escapes(world: World, look: Look) -> None:
    cheat = scored(world, look)
    chance = chances(cheat.losses, world.expected)
    escapes = np.log1p(-np.minimum(PROBES * ROWS * chance[cheat.looked[:, :-1]], 1 - 1e-12)).sum()
    assert escapes < math.log(1e-4)


@pytest.mark.parametrize("reach", [2, 3])
def test_a_look_further_ahead_is_found(world: World, honest: Scored, reach: int) -> None:
    cheat = scored(world, partial(after_content, 0.3), reach=reach)
    assert cheat.losses.mean() < 0.99 * honest.losses.mean()
    assert "future" in " ".join(cheat.found.tampering)


def test_who_gives_the_same_answer_again_is_found_by_a_process_that_has_seen_nothing(world: World) -> None:
    assert "future" in " ".join(scored(world, everywhere, keep=True).found.tampering)
