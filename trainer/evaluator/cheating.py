"""What the probes found: whether a model's answers differ where an honest model's can't.

Noise, such as that of sums in no fixed order, is not cheating. It shows as well where a batch is met again exactly as it was,
and far from a cut, and that is what differences are measured by. It may be drawn once for a whole batch, as that of weights is,
so what was asked together counts as one observation.
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
BATCH_ERRORS = 10.0
"""Standard errors where few batches tell what they are."""
VISIBLE = 0.3
"""Nats, over all cuts, that are more than arithmetic."""
REACHES = (1, 8)
"""Positions before a cut that are looked at together: noise of those further away would hide a short look ahead."""
DRAWS, BEYOND = 300, 1.8
"""Before cuts, a sum has to be so many times the largest that noise alone gave in so many draws."""
NOISIEST = 0.03
"""Nats a position, root mean square, by which answers to the same batch may differ: more could hide a cheat."""
NEIGHBOURS, TIMES_REPEATED = 0.05, 3.0
"""What lies outside a row may change a position's loss by so many nats, root mean square, or so many times what noise does."""

Differences = Sequence[NDArray[np.float64]]
"""Nats a position, asked again less scored, of one row each, up to the cut."""


@dataclass(frozen=True, slots=True)
class SecondAnswer:
    """A row that was asked again of a process that didn't know it.

    Attributes:
        row: Its index.
        nats: Asked again less scored, up to the cut.
        chances: That a cut was drawn right behind each of these positions.
        is_cut: Its future was another; else it was the row as it is.
    """

    row: int
    nats: NDArray[np.float64]
    chances: NDArray[np.float64]
    is_cut: bool

    @property
    def undisturbed(self) -> NDArray[np.float64]:
        """The differences some way before the cut."""
        return self.nats[: -max(REACHES)] if self.is_cut else self.nats


Batches = Sequence[Sequence[SecondAnswer]]
"""What was asked together, in the order in which it was."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Sentences with figures; an honest model has none.

    Attributes:
        tampering: It sees the future, or remembers.
        breaches: It depends on the rows beside, or on chance, which may be a mistake.
    """

    tampering: Sequence[str]
    breaches: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Suspicion:
    """What an honest model does only by chance.

    Attributes:
        sentence: What it does, with figures.
        nats: By how much answers differ.
        by_chance: So much may be, if what a batch shares is drawn once for it.
    """

    sentence: str
    nats: float
    by_chance: float


def findings(batches: Batches, repeated: Differences) -> Findings:
    """Look at all that differed.

    Args:
        batches: Of a process that didn't know the rows.
        repeated: Of a batch that was met twice by the process that was scored.
    """
    alike = _root_mean_square(repeated)
    breaches = list(_unsteadiness(batches, alike))
    peeking = () if breaches else _peeking(batches, alike)  # what else a row depends on would look like the future
    suspicions = [*peeking, *_memory(batches, repeated)]
    unsteady = f"answers the same batch otherwise each time, {alike:.3f} nats a position apart, which may be why it"
    breaches += [f"{unsteady} {said.sentence}" for said in suspicions if said.nats <= said.by_chance]
    return Findings([said.sentence for said in suspicions if said.nats > said.by_chance], breaches)


def _peeking(batches: Batches, alike: float) -> Iterator[_Suspicion]:
    """Whether a row does worse where what comes next was taken away."""
    cuts = [[again for again in batch if again.is_cut] for batch in batches]
    shared = STANDARD_ERRORS * alike / math.sqrt(len(batches))
    for reach in REACHES:
        near = np.array([again.nats[-reach:].sum() for batch in cuts for again in batch])
        if near.sum() > max(VISIBLE, TOLERANCE * len(near), _by_chance(batches, reach)):
            hits = int((near > VISIBLE).sum())
            sentence = (
                f"sees the future: {near.mean():.3f} nats worse before a place after which the text was taken away, "
                f"and visibly so at {hits} of {len(near)}"
            )
            yield _Suspicion(sentence, float(near.mean()), shared * reach)
            return
    far, whole = _together(cuts), _together(_whole(batches))
    apart, worse = _root_mean_square(far), _mean_apart(far)
    sentence = f"sees the future: {apart:.3f} nats a position apart, some way before the text was taken away"
    if apart > max(NEIGHBOURS, TIMES_REPEATED * _root_mean_square(whole)):
        yield _Suspicion(sentence, apart, TIMES_REPEATED * alike)
    elif worse > 2 * max(0.0, _mean_apart(whole)):
        yield _Suspicion(sentence, worse, shared)


def _whole(batches: Batches) -> Batches:
    return [[again for again in batch if not again.is_cut] for batch in batches]


def _together(batches: Batches) -> Differences:
    """What is undisturbed in each batch."""
    together = (np.concatenate([np.zeros(0), *(again.undisturbed for again in batch)]) for batch in batches)
    return [differences for differences in together if len(differences)]


def _by_chance(batches: Batches, reach: int) -> float:
    """The sum of so many stretches where no cut is near, drawn as cuts are, from the batches that the cuts are in.

    A cut is drawn rather where a model did well, and where there is noise it does less well the next time.
    """
    anywhere = _stretches([again for batch in batches for again in batch], reach)
    if not len(anywhere[0]):
        return math.inf
    random, totals = np.random.default_rng(0), np.zeros(DRAWS)
    for batch in batches:
        count = sum(again.is_cut for again in batch)
        sums, steps = here if len((here := _stretches(batch, reach))[0]) >= count else anywhere
        draws: NDArray[np.intp] = steps.searchsorted(random.random((DRAWS, count)) * steps[-1], side="right")  # pyright: ignore[reportUnknownVariableType]
        totals += sums[draws].sum(axis=1)
    return float(totals.mean() + BEYOND * (totals.max() - totals.mean()))


def _stretches(asked: Sequence[SecondAnswer], reach: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of stretches where no cut is near, and the steps that a number falls between with the chance of each."""
    sums, chances = [np.zeros(0)], [np.zeros(0)]
    for again in asked:
        end = len(again.nats) - (max(REACHES) if again.is_cut else 1)
        if end >= reach:
            sums.append(np.convolve(again.nats[:end], np.ones(reach), "valid"))
            chances.append(again.chances[reach - 1 : end])
    return np.concatenate(sums), np.cumsum(np.concatenate(chances))


def _mean_apart(differences: Differences) -> float:
    """By how much it is worse when asked again, nats a position; below 0 where better, 0 where it may be chance."""
    means = np.array([difference.mean() for difference in differences])
    if len(means) < 2:
        return 0.0
    of_positions = _root_mean_square(differences) / math.sqrt(np.mean([len(difference) for difference in differences]))
    error = max(float(np.std(means, ddof=1)), of_positions) / math.sqrt(len(means))
    mean = float(means.mean())
    return mean if abs(mean) > max(TOLERANCE, STANDARD_ERRORS * error) else 0.0


def _batch_noise(batches: Batches) -> float:
    """By how much a batch that is met twice may differ on the whole, nats a position, for what is drawn once a batch.

    Only rows that the process had not met before count: it can't remember them.
    """
    fresh, met = list[Sequence[SecondAnswer]](), set[int]()
    for batch in batches:
        fresh.append([again for again in batch if again.row not in met])
        met.update(again.row for again in batch)
    together = _together(fresh)
    if len(together) < 2:
        return 0.0
    means, sizes = np.array([differences.mean() for differences in together]), [len(differences) for differences in together]
    variance = np.average((means - np.average(means, weights=sizes)) ** 2, weights=sizes) * len(means) / (len(means) - 1)
    return BATCH_ERRORS * math.sqrt(2 * variance)


def _memory(batches: Batches, repeated: Differences) -> Iterator[_Suspicion]:
    if apart := _mean_apart(repeated):
        way = "worse" if apart > 0 else "better"
        sentence = f"remembers: {abs(apart):.3f} nats a position {way} when it meets a row again"
        yield _Suspicion(sentence, abs(apart), _batch_noise(batches))


def _unsteadiness(batches: Batches, alike: float) -> Iterator[str]:
    beside = _root_mean_square(_together(_whole(batches)))
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
