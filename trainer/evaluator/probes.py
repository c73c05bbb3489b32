"""What a model is asked a second time, and where.

A process that answered the scored rows has seen them whole. Another one, which has seen nothing of them, is asked rows whose
text ends at a cut: what follows is made up. A model that looks at nothing but what came before answers alike up to the cut. One
that looked ahead can't, since what it looked at isn't there.

A cut finds a look ahead at the position before it alone, if the look reached no further than the next token. So cuts are drawn
where a look would have paid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

PROBES = 2.0
"""For each row that is scored."""
MARGIN = 3.0
"""Nats by which a model may do worse than expected and a look ahead at that place would still be worth finding."""
LEAST = 64
"""Probes of a small set."""
WHOLE_IN = 8
"""One probe in so many is the row as it is: only what lies outside of the row has changed."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A row that is asked again.

    Attributes:
        row: Its index.
        cut: Made-up text begins here; the row's width for the row as it is.
    """

    row: int
    cut: int


def chances(losses: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """How cuts are drawn: the probability [rows, time - 1] that one falls right behind each position.

    It grows as the loss falls, and as it falls below what was expected; the form was chosen for what it leaves to someone
    who knows it (docs/integrity.md).

    Args:
        losses: [rows, time] of the model, nats.
        expected: The same of something simple.
    """
    gained = np.logaddexp(0.0, expected - losses + MARGIN) / (1.0 + losses)
    weights = np.maximum(gained[:, :-1], 1e-9)  # a loss below 0, as of broken logits, is not drawn
    return np.asarray(weights / weights.sum()) if weights.size else weights


def draw(chance: NDArray[np.float64], count: int, random: np.random.Generator) -> list[Probe]:
    """Cuts, none of them twice, each position with `count` times its chance, or for sure where that is above 1.

    It is systematic sampling over a random order (Madow 1949).
    """
    order = random.permutation(chance.size)
    edges = np.cumsum(chance.ravel()[order])
    marks = (np.arange(count) + random.random()) / count * edges[-1]
    drawn: NDArray[np.intp] = edges.searchsorted(marks, side="right")  # pyright: ignore[reportUnknownVariableType]
    places = np.unique(order[np.minimum(drawn, chance.size - 1)])  # pyright: ignore[reportUnknownArgumentType]
    rows, positions = np.unravel_index(places, chance.shape)
    return [Probe(int(row), int(position) + 1) for row, position in zip(rows, positions, strict=True)]


def probes_of(chance: NDArray[np.float64], random: np.random.Generator) -> list[Probe]:
    """What is asked a second time: some rows as they are, and of the others cuts.

    Args:
        chance: How cuts are drawn, [rows, time - 1].
        random: Not to be known to the experiment.
    """
    rows, width = len(chance), chance.shape[1] + 1
    whole, rest = np.split(random.permutation(rows), [max(1, round(rows / WHOLE_IN))])
    cuts = draw(chance[rest], max(LEAST, round(PROBES * rows)), random) if chance[rest].size else []
    return [*(Probe(int(row), width) for row in whole), *(replace(cut, row=int(rest[cut.row])) for cut in cuts)]


def in_batches(probes: Sequence[Probe], batch: int, random: np.random.Generator) -> Iterator[list[Probe]]:
    """Spread probes over batches, so that a row's later cuts never come before its earlier ones, nor beside them.

    Whoever kept the rows in mind would know from a later cut what follows an earlier one.
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
    """Token ids [batch, time] of a batch of probes; the first that is made up is never the one that was there."""
    tokens = inputs[[probe.row for probe in probes]]
    for row, probe in zip(tokens, probes, strict=True):
        made_up = random.choice(inputs.ravel(), len(row) - probe.cut)
        if len(made_up) and made_up[0] == row[probe.cut]:
            made_up[0] = (row[probe.cut] + 1) % (inputs.max() + 1)
        row[probe.cut :] = made_up
    return tokens
