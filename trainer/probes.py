"""Probes for cheating that can't be told from the batches they are in.

Some rows are evaluated twice, the second time among other rows: as they are, or with everything after a secret cut taken from
another row. A model that sees no future and keeps no memory gives the same before the cut; one that peeks does worse where
the future was swapped, and one that remembers does better where it has met a row before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PROBES_IN_8 = 1.5
"""Probes among eight rows: two of three with a swapped future."""
TOLERANCE = 0.02
"""Nats by which a row may differ from its probe, on average, for reasons of arithmetic."""
STANDARD_ERRORS = 5.0
"""Noise, such as dropout left on, is not cheating: a difference has to stand out from it by so much."""


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a batch.

    Attributes:
        row: Index of the row that is evaluated.
        cut: What comes from here on is another row's; None for the row as it is.
        donor: That other row.
        is_probe: It doesn't count towards the score.
    """

    row: int
    cut: int | None = None
    donor: int = 0
    is_probe: bool = False


def plan_batches(rows: int, width: int, batch: int, random: np.random.Generator) -> list[list[Item]]:
    """Spread all rows and their probes over batches, in secret order; a row and its probe never share a batch.

    Args:
        rows: How many are scored, each exactly once.
        width: Tokens in a row.
        batch: The most in a batch.
        random: Not to be known to the experiment.
    """
    order = [int(row) for row in random.permutation(rows)]
    probes = max(1, round(batch * PROBES_IN_8 / 8))
    counted = max(1, batch - probes)
    groups = [order[start : start + counted] for start in range(0, rows, counted)]
    batches: list[list[Item]] = []
    for number, group in enumerate(groups):
        items = [Item(row) for row in group]
        strangers = [row for other, rest in enumerate(groups) if other != number for row in rest]
        chosen: list[int] = random.choice(strangers, min(probes, len(strangers)), replace=False).tolist() if strangers else []
        items += [_probe(row, rows, width, index + number, random) for index, row in enumerate(chosen)]
        batches.append([items[index] for index in random.permutation(len(items))])
    return batches


def _probe(row: int, rows: int, width: int, kind: int, random: np.random.Generator) -> Item:
    if kind % 3 == 0 or width < 4:
        return Item(row, is_probe=True)
    donor = (row + int(random.integers(1, rows))) % rows
    return Item(row, int(random.integers(width // 4, width)), donor, is_probe=True)


def tokens_of(items: Sequence[Item], inputs: NDArray[np.integer]) -> NDArray[np.int64]:
    """Token ids [batch, time] of a batch's items."""
    tokens = inputs[[item.row for item in items]].astype(np.int64)
    for tokens_of_item, item in zip(tokens, items, strict=True):
        if item.cut is not None:
            tokens_of_item[item.cut :] = inputs[item.donor, item.cut :]
    return tokens


@dataclass(frozen=True, slots=True)
class Seen:
    """What one item of the plan came to.

    Attributes:
        item: The row, or its probe.
        nats: Loss at each position against the row's own targets, [time].
    """

    item: Item
    nats: NDArray[np.float64]


def evidence(seen: Sequence[Seen]) -> list[str]:
    """What the probes found, in sentences; empty for an honest model.

    Args:
        seen: All items, in the order in which the model met them.
    """
    peeking: list[float] = []
    memory: list[float] = []
    for first, second in _pairs(seen):
        cut = first.item.cut or second.item.cut
        if cut is None:
            memory.append(float(np.sum(first.nats - second.nats)))
        else:
            swapped, whole = (first, second) if first.item.cut else (second, first)
            peeking.append(float(np.sum(swapped.nats[:cut] - whole.nats[:cut])))
    found: list[str] = []
    if _stands_out(peeking):
        found.append(f"sees the future: {np.mean(peeking):.3f} nats worse before a place after which the text was swapped")
    if _stands_out(memory):
        found.append(f"remembers: {np.mean(memory):.3f} nats a row better when it meets a row again")
    return found


def _pairs(seen: Sequence[Seen]) -> Iterator[tuple[Seen, Seen]]:
    """Each probe with its row, whichever was met first in front."""
    place = {one.item.row: index for index, one in enumerate(seen) if not one.item.is_probe}
    for index, one in enumerate(seen):
        if one.item.is_probe:
            early, late = sorted((index, place[one.item.row]))
            yield seen[early], seen[late]


def _stands_out(differences: Sequence[float]) -> bool:
    """Whether the mean is above what arithmetic and noise explain."""
    if not differences:
        return False
    error = float(np.std(differences, ddof=1)) / math.sqrt(len(differences)) if len(differences) > 1 else math.inf
    return float(np.mean(differences)) > max(TOLERANCE, STANDARD_ERRORS * error)
