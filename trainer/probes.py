"""Probes for cheating that can't be told from the batches they are in.

Some rows are evaluated twice, the second time among other rows: as they are, or with everything after a secret cut taken from
another row. One whole batch is met again, as it was. A model that sees no future, keeps no memory and looks at nothing but the
row gives the same each time. One that peeks does worse before the cut where the future was swapped; one that remembers differs
when it meets a row again; one that looks at a row's neighbours differs where those do.

The cuts are drawn evenly in rows that are still to come. In a row that was answered, they are put behind what the model knew
best: who peeks now and then peeks there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

PROBES_IN_8 = 1.5
"""Probes among eight rows: two of three with a swapped future."""


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a batch.

    Attributes:
        row: Index of the row that is evaluated.
        cut: What comes from here on is another row's; None for the row as it is.
        donor: That other row.
        is_probe: It doesn't count towards the score.
        repeats: The batch in which it was met before in the very same way; None for a first time.
    """

    row: int
    cut: int | None = None
    donor: int = 0
    is_probe: bool = False
    repeats: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What one item came to.

    Attributes:
        item: The row, or its probe.
        nats: Loss at each position against the row's own targets, [time].
    """

    item: Item
    nats: NDArray[np.float64]


class Plan:
    """Spreads all rows and their probes over batches, in secret order; a row and its probe never share a batch.

    Args:
        rows: How many are scored, each exactly once.
        width: Tokens in a row.
        batch: The most in a batch.
        random: Not to be known to the experiment.

    Attributes:
        seen: What was noted, batch by batch, in the order in which the model met it.
    """

    def __init__(self, rows: int, width: int, batch: int, random: np.random.Generator) -> None:
        self._rows = rows
        self._width = width
        self._random = random
        self._probes = max(1, round(batch * PROBES_IN_8 / 8))
        counted = max(1, batch - self._probes)
        order = [int(row) for row in random.permutation(rows)]
        self._groups = [order[start : start + counted] for start in range(0, rows, counted)]
        self._known: dict[int, NDArray[np.float64]] = {}
        self.seen: list[list[Seen]] = []

    def batches(self) -> Iterator[list[Item]]:
        """One batch after another; what came of each has to be noted before the next is asked for."""
        middle = len(self._groups) // 2
        repeated, when = int(self._random.integers(0, middle + 1)), int(self._random.integers(middle, len(self._groups)))
        for number, group in enumerate(self._groups):
            items = [Item(row) for row in group] + list(self._probes_beside(number))
            yield [items[index] for index in self._random.permutation(len(items))]
            if number == when:
                yield [replace(one.item, is_probe=True, repeats=repeated) for one in self.seen[repeated]]

    def note(self, seen: list[Seen]) -> None:
        """Keep what a batch came to."""
        self.seen.append(seen)
        self._known |= {one.item.row: one.nats for one in seen if not one.item.is_probe}

    def _probes_beside(self, number: int) -> Iterator[Item]:
        strangers = [row for other, rest in enumerate(self._groups) if other != number for row in rest]
        count = min(self._probes, len(strangers))
        for index, row in enumerate(self._random.choice(strangers, count, replace=False).tolist() if count else []):
            if (index + number) % 3 == 0 or self._width < 2:
                yield Item(row, is_probe=True)
            else:
                donor = (row + int(self._random.integers(1, self._rows))) % self._rows
                yield Item(row, self._cut(row), donor, is_probe=True)

    def _cut(self, row: int) -> int:
        losses = self._known.get(row)
        if losses is None:
            return int(self._random.integers(1, self._width))
        chances = np.exp(-np.nan_to_num(losses[:-1], nan=0.0))
        return 1 + int(self._random.choice(self._width - 1, p=chances / chances.sum()))


def tokens_of(items: Sequence[Item], inputs: NDArray[np.integer]) -> NDArray[np.int64]:
    """Token ids [batch, time] of a batch's items."""
    tokens = inputs[[item.row for item in items]].astype(np.int64)
    for tokens_of_item, item in zip(tokens, items, strict=True):
        if item.cut is not None:
            tokens_of_item[item.cut :] = inputs[item.donor, item.cut :]
    return tokens
