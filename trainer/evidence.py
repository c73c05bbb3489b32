"""What the probes found: whether a model's answers differ where an honest model's can't.

Noise, such as dropout left on, is not cheating. It shows as well where a batch is met again exactly as it was, and that is what
differences are measured by.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .probes import Seen

TOLERANCE = 0.02
"""Nats by which a row may differ from its probe, on average, for reasons of arithmetic."""
STANDARD_ERRORS = 5.0
"""By so much an average has to stand out from noise."""
REACHES = (1, 8, 10**9)
"""Positions before a cut that are looked at together: noise of those further away would hide a short look ahead."""
DRAWS, BEYOND = 4000, 1.5
"""Before a cut, a mean has to be so many times the largest that noise alone gave in so many draws."""
ONE_SIDED = 4.1
"""Chance changes rows either way: more standard deviations of a fair coin than this are not chance."""
GLIMPSE, UNSEEN = 0.1, 3
"""Nats by which one position changes visibly; noise may do so at so many more positions than it was seen to."""
NOISIEST = 1.0
"""Nats a position, root mean square, by which answers to the same batch may differ: more could hide a cheat."""
NEIGHBOURS, TIMES_REPEATED = 0.05, 4.0
"""Other rows in a batch may change a position's loss by so many nats, root mean square, or so many times what noise does."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Sentences with figures; an honest model has none.

    Attributes:
        tampering: It sees the future, or remembers.
        breaches: It depends on the rows beside, or on chance, which may be a mistake.
    """

    tampering: Sequence[str]
    breaches: Sequence[str]


def findings(batches: Sequence[Sequence[Seen]]) -> Findings:
    """Look at all that was seen.

    Args:
        batches: In the order in which the model met them.
    """
    cut, again = _beside_others(batches)
    repeated = list(_repeated(batches))
    tampering = [*_peeking(cut, [*again, *repeated]), *_memory([*again, *repeated])]
    return Findings(tampering, list(_unsteadiness(again, repeated)))


Differences = list[NDArray[np.float64]]
"""Nats a position, of one row each."""


def _beside_others(batches: Sequence[Sequence[Seen]]) -> tuple[Differences, Differences]:
    """Probes against their rows: swapped less whole before the cut; and for whole ones, the first meeting less the second."""
    seen = [one for batch in batches for one in batch if one.item.repeats is None]
    place = {one.item.row: index for index, one in enumerate(seen) if not one.item.is_probe}
    cut: Differences = []
    again: Differences = []
    for index, one in enumerate(seen):
        if not one.item.is_probe:
            continue
        row = seen[place[one.item.row]]
        if one.item.cut is not None:
            cut.append(one.nats[: one.item.cut] - row.nats[: one.item.cut])
        else:
            again.append((row.nats - one.nats) * (1 if place[one.item.row] < index else -1))
    return cut, again


def _repeated(batches: Sequence[Sequence[Seen]]) -> Iterator[NDArray[np.float64]]:
    """The batch that was met twice: the first meeting less the second."""
    for batch in batches:
        for index, one in enumerate(batch):
            if one.item.repeats is not None:
                yield batches[one.item.repeats][index].nats - one.nats


def _peeking(cut: Differences, noise: Differences) -> Iterator[str]:
    for reach in REACHES:
        near = [difference[-reach:] for difference in cut]
        worse = float(np.mean([difference.sum() for difference in near])) if near else 0.0
        if worse > max(TOLERANCE, BEYOND * _by_chance(cut, noise, reach)):
            yield f"sees the future: {worse:.3f} nats worse before a place after which the text was swapped"
            return
        glimpses = sum(bool(_visible(difference).any()) for difference in near)
        if glimpses > _glimpses_by_chance(near, noise):
            yield f"sees the future: {glimpses} of {len(cut)} rows changed before a place after which the text was swapped"
            return


def _by_chance(cut: Differences, noise: Differences, reach: int) -> float:
    """The largest mean that stretches of noise give which are as long, taken anywhere and signed at random."""
    if not noise:
        return math.inf
    random = np.random.default_rng(0)
    sums = np.cumsum(np.pad(np.stack(noise), ((0, 0), (1, 0))), axis=1)
    total = np.zeros(DRAWS)
    for difference in cut:
        length = min(reach, len(difference))
        stretches = sums[:, length:] - sums[:, :-length]
        total += random.choice(stretches.ravel(), DRAWS) * random.choice([-1, 1], DRAWS)
    return float(total.max()) / len(cut)


def _glimpses_by_chance(near: Differences, noise: Differences) -> float:
    """How many rows may change visibly, given how many positions noise changed elsewhere."""
    positions = sum(map(len, noise))
    if not positions:
        return math.inf
    rate = (UNSEEN + sum(int(_visible(difference).sum()) for difference in noise)) / positions
    expected = rate * sum(map(len, near))
    return 1 + expected + STANDARD_ERRORS * math.sqrt(expected)


def _visible(difference: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.abs(difference) > GLIMPSE


def _memory(again: Differences) -> Iterator[str]:
    if len(again) < 2:
        return
    sums = [float(difference.sum()) for difference in again]
    of_rows, of_positions = float(np.std(sums, ddof=1)), math.sqrt(np.mean(np.square(again)) * len(again[0]))
    error = max(of_rows, of_positions) / math.sqrt(len(sums))
    signs = np.sign([total for total, difference in zip(sums, again, strict=True) if _visible(difference).any()])
    is_one_sided = abs(float(signs.sum())) > ONE_SIDED * math.sqrt(len(signs))
    if is_one_sided or abs(float(np.mean(sums))) > max(TOLERANCE, STANDARD_ERRORS * error):
        yield f"remembers: {np.mean(sums):.3f} nats a row better when it meets a row again"


def _unsteadiness(again: Differences, repeated: Differences) -> Iterator[str]:
    if not again or not repeated:
        return
    beside, alike = (math.sqrt(float(np.mean(np.square(differences)))) for differences in (again, repeated))
    if alike > NOISIEST:
        yield f"answers the same batch otherwise each time: {alike:.3f} nats a position apart; switch dropout off"
    elif beside > max(NEIGHBOURS, TIMES_REPEATED * alike):
        yield (
            f"depends on the other rows of a batch: {beside:.3f} nats a position apart where those differ, "
            f"{alike:.3f} where they are the same"
        )
