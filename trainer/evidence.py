"""What the probes found: whether a model's answers differ where an honest model's can't.

Noise, such as that of sums in no fixed order, is not cheating. It shows as well where a batch is met again exactly as it was,
and far from a cut, and that is what differences are measured by.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.01
"""Nats a position by which answers may differ, on average over many, for reasons of arithmetic."""
STANDARD_ERRORS = 5.0
"""By so much an average has to stand out from noise."""
VISIBLE = 0.3
"""Nats, over all cuts, that are more than arithmetic."""
REACHES = (1, 8)
"""Positions before a cut that are looked at together: noise of those further away would hide a short look ahead."""
DRAWS, BEYOND = 300, 1.8
"""Before cuts, a sum has to be so many times the largest that noise alone gave in so many draws."""
NOISIEST = 0.1
"""Nats a position, root mean square, by which answers to the same batch may differ: more could hide a cheat."""
NEIGHBOURS, TIMES_REPEATED = 0.05, 3.0
"""What lies outside a row may change a position's loss by so many nats, root mean square, or so many times what noise does."""

Differences = Sequence[NDArray[np.float64]]
"""Nats a position, asked again less scored, of one row each, up to the cut."""


@dataclass(frozen=True, slots=True)
class Again:
    """A row that was asked again of a process that didn't know it.

    Attributes:
        nats: Asked again less scored, up to the cut.
        chances: That a cut was drawn right behind each of these positions.
        is_cut: Its future was another; else it was the row as it is.
    """

    nats: NDArray[np.float64]
    chances: NDArray[np.float64]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """Sentences with figures; an honest model has none.

    Attributes:
        tampering: It sees the future, or remembers.
        breaches: It depends on the rows beside, or on chance, which may be a mistake.
    """

    tampering: Sequence[str]
    breaches: Sequence[str]


def findings(asked: Sequence[Again], repeated: Differences) -> Findings:
    """Look at all that differed.

    Args:
        asked: Of a process that didn't know the rows.
        repeated: Of a batch that was met twice by the process that was scored.
    """
    whole = [again.nats for again in asked if not again.is_cut]
    breaches = list(_unsteadiness(whole, repeated))
    peeking = () if breaches else _peeking(asked, whole)  # what else a row depends on would look like the future
    return Findings([*peeking, *_memory(repeated)], breaches)


def _peeking(asked: Sequence[Again], whole: Differences) -> Iterator[str]:
    """Whether a row does worse where what comes next was taken away."""
    cut = [again.nats for again in asked if again.is_cut]
    for reach in REACHES:
        near = np.array([difference[-reach:].sum() for difference in cut])
        if near.sum() > max(VISIBLE, TOLERANCE * len(near), _by_chance(asked, len(near), reach)):
            hits = int((near > VISIBLE).sum())
            yield (
                f"sees the future: {near.mean():.3f} nats worse before a place after which the text was taken away, "
                f"and visibly so at {hits} of {len(near)}"
            )
            return
    far = [difference[: -max(REACHES)] for difference in cut]
    apart, control = _root_mean_square(far), _root_mean_square(whole)
    if _mean_apart(far) > 2 * _mean_apart(whole) or apart > max(NEIGHBOURS, TIMES_REPEATED * control):
        yield f"sees the future: {apart:.3f} nats a position apart, some way before a place after which the text was taken away"


def _by_chance(asked: Sequence[Again], count: int, reach: int) -> float:
    """The sum of so many stretches where no cut is near, drawn as cuts are.

    A cut is drawn rather where a model did well, and where there is noise it does less well the next time.
    """
    sums: list[NDArray[np.float64]] = []
    chances: list[NDArray[np.float64]] = []
    for again in asked:
        end = len(again.nats) - (max(REACHES) if again.is_cut else 1)
        if end >= reach:
            sums.append(np.convolve(again.nats[:end], np.ones(reach), "valid"))
            chances.append(again.chances[reach - 1 : end])
    if not sums:
        return math.inf
    steps = np.cumsum(np.concatenate(chances))
    marks = np.random.default_rng(0).random((DRAWS, count)) * steps[-1]
    draws: NDArray[np.intp] = steps.searchsorted(marks, side="right")  # pyright: ignore[reportUnknownVariableType]
    totals = np.concatenate(sums)[draws].sum(axis=1)
    return float(totals.mean() + BEYOND * (totals.max() - totals.mean()))


def _mean_apart(differences: Differences) -> float:
    """By how much rows are worse when asked again, nats a position; 0 where it may be chance."""
    differences = [difference for difference in differences if len(difference)]
    means = np.array([difference.mean() for difference in differences])
    if len(means) < 2:
        return 0.0
    of_positions = _root_mean_square(differences) / math.sqrt(np.mean([len(difference) for difference in differences]))
    error = max(float(np.std(means, ddof=1)), of_positions) / math.sqrt(len(means))
    mean = float(means.mean())
    return mean if mean > max(TOLERANCE, STANDARD_ERRORS * error) else 0.0


def _memory(repeated: Differences) -> Iterator[str]:
    if better := _mean_apart([-difference for difference in repeated]):
        yield f"remembers: {better:.3f} nats a position better when it meets a row again"
    elif worse := _mean_apart(repeated):
        yield f"remembers: {worse:.3f} nats a position worse when it meets a row again"


def _unsteadiness(whole: Differences, repeated: Differences) -> Iterator[str]:
    beside, alike = _root_mean_square(whole), _root_mean_square(repeated)
    if alike > NOISIEST:
        yield f"answers the same batch otherwise each time: {alike:.3f} nats a position apart; switch dropout off"
    elif beside > max(NEIGHBOURS, TIMES_REPEATED * alike):
        yield (
            f"depends on the other rows of a batch, or on those before it: {beside:.3f} nats a position apart where those "
            f"differ, {alike:.3f} where they are the same"
        )


def _root_mean_square(differences: Differences) -> float:
    together = np.concatenate([*differences, np.zeros(0)])
    return math.sqrt(float(np.mean(np.square(together)))) if len(together) else 0.0
