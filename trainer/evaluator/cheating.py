"""What the probes show: whether a model's answers differ where an honest model's can't.

Noise, such as that of sums in no fixed order, isn't cheating. It also appears where the same batch is given again, and far
from a cut; differences are compared with that. Noise may be drawn once for a whole batch, as noise of weights is, so the rows
of one batch count as one observation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.01
"""Nats per position by which answers may differ for reasons of arithmetic, on average over many positions."""
STANDARD_ERRORS = 5.0
"""By how many of them an average has to exceed noise."""
BATCH_ERRORS = 10.0
"""The same, where the standard error is estimated from few batches."""
VISIBLE = 0.3
"""Nats over all cuts that arithmetic doesn't explain."""
REACHES = (1, 8)
"""Numbers of positions before a cut that are summed: noise of positions further away would hide a short look ahead."""
DRAWS, BEYOND = 300, 1.8
"""A sum before cuts has to exceed `BEYOND` times the largest sum that noise alone gives in `DRAWS` draws."""
MAX_NOISE = 0.03
"""Nats per position, root mean square, by which answers to the same batch may differ: more could hide a cheat."""
NEIGHBOURS, TIMES_REPEATED = 0.05, 3.0
"""By how many nats, root mean square, the rest of a batch may change a position's loss, or by how many times the noise."""

Differences = Sequence[NDArray[np.float64]]
"""For each row, its second losses minus its scored losses, in nats per position, up to the cut."""


@dataclass(frozen=True, slots=True)
class SecondAnswer:
    """A second answer for a row, from a process that hadn't seen it.

    Attributes:
        row: Its index.
        nats: Second losses minus scored losses, up to the cut.
        chances: The probability that a cut was drawn right behind each of these positions.
        is_cut: The text after the cut was replaced; False for the row as it is.
    """

    row: int
    nats: NDArray[np.float64]
    chances: NDArray[np.float64]
    is_cut: bool

    @property
    def undisturbed(self) -> NDArray[np.float64]:
        """The differences that aren't close to the cut."""
        return self.nats[: -max(REACHES)] if self.is_cut else self.nats


Batches = Sequence[Sequence[SecondAnswer]]
"""The answers of each batch, in the order in which the batches were given."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Sentences with figures; an honest model has none.

    Attributes:
        tampering: It sees the future, or remembers.
        breaches: It depends on the other rows of a batch or on chance, which may be a mistake.
    """

    tampering: Sequence[str]
    breaches: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Suspicion:
    """Something that an honest model does only by chance.

    Attributes:
        sentence: What it does, with figures.
        nats: By how much answers differ.
        by_chance: By how much they may differ by chance, if noise is drawn once per batch.
    """

    sentence: str
    nats: float
    by_chance: float


def findings(batches: Batches, repeated: Differences) -> Findings:
    """Judge all differences.

    Args:
        batches: Answers of a process that hadn't seen the rows.
        repeated: Differences of a batch that the scored process was given twice.
    """
    alike = _root_mean_square(repeated)
    breaches = list(_unsteadiness(batches, alike))
    peeking = () if breaches else _peeking(batches, alike)  # another dependence would look like one on the future
    suspicions = [*peeking, *_memory(batches, repeated)]
    unsteady = f"answers the same batch otherwise each time, {alike:.3f} nats a position apart, which may be why it"
    breaches += [f"{unsteady} {suspicion.sentence}" for suspicion in suspicions if suspicion.nats <= suspicion.by_chance]
    return Findings([suspicion.sentence for suspicion in suspicions if suspicion.nats > suspicion.by_chance], breaches)


def _peeking(batches: Batches, alike: float) -> Iterator[_Suspicion]:
    """Whether a row's loss grows where the text that follows was replaced."""
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
    """The undisturbed differences of each batch."""
    together = (np.concatenate([np.zeros(0), *(again.undisturbed for again in batch)]) for batch in batches)
    return [differences for differences in together if len(differences)]


def _by_chance(batches: Batches, reach: int) -> float:
    """The sum of as many stretches far from any cut, drawn as cuts are, from the batches that the cuts are in.

    Cuts are drawn more often where a model did well, and with noise it does less well there the next time.
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


def _stretches(answers: Sequence[SecondAnswer], reach: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of stretches far from any cut, and the cumulative probabilities with which each is drawn."""
    sums, chances = [np.zeros(0)], [np.zeros(0)]
    for again in answers:
        end = len(again.nats) - (max(REACHES) if again.is_cut else 1)
        if end >= reach:
            sums.append(np.convolve(again.nats[:end], np.ones(reach), "valid"))
            chances.append(again.chances[reach - 1 : end])
    return np.concatenate(sums), np.cumsum(np.concatenate(chances))


def _mean_apart(differences: Differences) -> float:
    """By how much second losses are higher, in nats per position; below 0 if lower, 0 where that may be chance."""
    means = np.array([difference.mean() for difference in differences])
    if len(means) < 2:
        return 0.0
    of_positions = _root_mean_square(differences) / math.sqrt(np.mean([len(difference) for difference in differences]))
    error = max(float(np.std(means, ddof=1)), of_positions) / math.sqrt(len(means))
    mean = float(means.mean())
    return mean if abs(mean) > max(TOLERANCE, STANDARD_ERRORS * error) else 0.0


def _batch_noise(batches: Batches) -> float:
    """By how much the mean of a batch that is given twice may differ because of noise drawn once per batch, nats per position.

    Only rows that the process is given for the first time count: it can't remember them.
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
    if alike > MAX_NOISE:
        yield f"answers the same batch otherwise each time: {alike:.3f} nats a position apart; switch dropout off"
    elif beside > max(NEIGHBOURS, TIMES_REPEATED * alike):
        yield (
            f"depends on the other rows of a batch, or on those before it: {beside:.3f} nats a position apart where those "
            f"differ, {alike:.3f} where they are the same"
        )


def _root_mean_square(differences: Differences) -> float:
    together = np.concatenate([*differences, np.zeros(0)])
    return math.sqrt(float(np.mean(np.square(together)))) if len(together) else 0.0
