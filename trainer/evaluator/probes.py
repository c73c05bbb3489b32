"""Probes: what a model is given a second time.

The process that answered the scored rows has seen them whole. Another process, which hasn't seen them, is given rows whose
text ends at a cut, with random tokens behind it. A model that uses only what came before answers the same up to the cut. A
model that looks ahead can't, since the text that it looked at isn't there.

If a model looks no further ahead than the next token, a cut shows it only at the position right before. So cuts are drawn where
looking ahead would have paid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

PROBES = 2.0
"""Per scored row."""
MARGIN = 3.0
"""Nats by which a model may do worse than expected at a position that is still worth probing."""
MIN_PROBES = 64
WHOLE_IN = 8
"""One of this many probes is the row as it is: only the rest of its batch has changed."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A row that is given again.

    Attributes:
        row: Its index.
        cut: Random tokens begin here; the row's width for the row as it is.
    """

    row: int
    cut: int


def chances(losses: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability [rows, time - 1] with which a cut is drawn right behind each position.

    It grows as the loss falls, and as it falls below what was expected. The form was chosen by how little it leaves to a cheat
    who knows it (docs/integrity.md).

    Args:
        losses: [rows, time] of the model, nats.
        expected: [rows, time] of a simple model, nats.
    """
    gained = np.logaddexp(0.0, expected - losses + MARGIN) / (1.0 + losses)
    weights = np.maximum(gained[:, :-1], 1e-9)  # a loss below 0, as of broken logits, is not drawn
    return np.asarray(weights / weights.sum()) if weights.size else weights


def draw(chance: NDArray[np.float64], count: int, random: np.random.Generator) -> list[Probe]:
    """Draw cuts without replacement: each position with `count` times its probability, or surely where that is above 1.

    Systematic sampling over a random order (Madow 1949).
    """
    order = random.permutation(chance.size)
    edges = np.cumsum(chance.ravel()[order])
    marks = (np.arange(count) + random.random()) / count * edges[-1]
    drawn: NDArray[np.intp] = edges.searchsorted(marks, side="right")  # pyright: ignore[reportUnknownVariableType]
    places = np.unique(order[np.minimum(drawn, chance.size - 1)])  # pyright: ignore[reportUnknownArgumentType]
    rows, positions = np.unravel_index(places, chance.shape)
    return [Probe(int(row), int(position) + 1) for row, position in zip(rows, positions, strict=True)]


def probes_of(chance: NDArray[np.float64], random: np.random.Generator) -> list[Probe]:
    """The probes of a set of rows: some rows as they are, and cuts of the others.

    Args:
        chance: Probabilities of cuts, [rows, time - 1].
        random: Unknown to the experiment.
    """
    rows, width = len(chance), chance.shape[1] + 1
    whole, rest = np.split(random.permutation(rows), [max(1, round(rows / WHOLE_IN))])
    cuts = draw(chance[rest], max(MIN_PROBES, round(PROBES * rows)), random) if chance[rest].size else []
    return [*(Probe(int(row), width) for row in whole), *(replace(cut, row=int(rest[cut.row])) for cut in cuts)]


def in_batches(probes: Sequence[Probe], batch: int, random: np.random.Generator) -> Iterator[list[Probe]]:
    """Spread probes over batches so that a row's later cut never comes before an earlier one, or in the same batch.

    A model that remembers rows would know from a later cut what follows an earlier one.
    """
    turns: dict[int, list[Probe]] = {}
    met: dict[int, int] = {}
    for probe in sorted(probes, key=lambda probe: probe.cut):
        turn = met[probe.row] = met.get(probe.row, -1) + 1
        turns.setdefault(turn, []).append(probe)
    for together in turns.values():
        order: list[int] = random.permutation(len(together)).tolist()
        mixed = [together[index] for index in order]
        yield from (mixed[start : start + batch] for start in range(0, len(mixed), batch))


def tokens_of(probes: Sequence[Probe], inputs: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Token ids [batch, time] of a batch of probes; the first random token always differs from the one that was there."""
    tokens = inputs[[probe.row for probe in probes]]
    for row, probe in zip(tokens, probes, strict=True):
        made_up = random.choice(inputs.ravel(), len(row) - probe.cut)
        if len(made_up) and made_up[0] == row[probe.cut]:
            made_up[0] = (row[probe.cut] + 1) % (inputs.max() + 1)
        row[probe.cut :] = made_up
    return tokens
