"""Main effects and two-factor interactions of knobs, from any set of experiments of one stratum.

The method is ordinary least squares on indicator columns, which handles knobs of any type and unbalanced sets. A main effect is
the gain of one value against the knob's reference value with the other knobs held (fitted without interactions: the average
over the cells that ran). An interaction is a difference of differences: how much more a change gains if another knob is changed
too. All interactions are fitted together, so those that a fraction mixes up are reported as unknown; otherwise each of them
would get their whole sum.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from ..domain import Direction
from . import student_t
from .noise import Noise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

_MAX_TERMS = 400
"""With more terms, interactions aren't fitted: the time of a fit grows with the cube of their number."""


@dataclass(frozen=True, slots=True)
class Point:
    """An experiment's knobs and its gain.

    Attributes:
        gain: In units of the metric; positive is better. The reference must be the same for all points.
        block: What points share beside knobs, such as a seed. Its effect is removed.
    """

    knobs: Mapping[str, Any]
    gain: float
    block: Hashable = None


@dataclass(frozen=True, slots=True)
class Effect:
    """One coefficient.

    Attributes:
        term: `DEPTH 6→8`, or two such terms joined by ` * `.
        gain: In units of the metric; positive is better.
        interval: 95 % interval of Student's t for this effect alone: expect one of twenty to miss. None if no noise is known.
        p: Two-sided p value; None if no noise is known.
    """

    term: str
    gain: float
    interval: tuple[float, float] | None
    p: float | None


@dataclass(frozen=True, slots=True)
class Effects:
    """The effects that a set of experiments shows.

    Attributes:
        main: Main effects, largest first.
        interactions: Two-factor interactions, largest first.
        unknown: Terms that these experiments can't tell apart from others.
    """

    main: Sequence[Effect]
    interactions: Sequence[Effect]
    unknown: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class _Change:
    """A knob's change from its reference value to another value."""

    knob: str
    reference: str
    value: str

    @override
    def __str__(self) -> str:
        return f"{self.knob} {self.reference}→{self.value}"


def effects(points: Sequence[Point], reference: Mapping[str, Any] | None = None, noise: Noise | None = None) -> Effects:
    """Returns main effects and two-factor interactions.

    Args:
        points: Scored experiments of one stratum, with all knobs in which they may differ.
        reference: For each knob, the value with which the others are compared. If it isn't given or didn't run, the most common
            value is used.
        noise: The stratum's noise, for the intervals. If it is None, the residuals give the noise, which is larger if effects
            aren't additive.
    """
    knobs = dict.fromkeys(knob for point in points for knob in point.knobs)
    levels = {knob: [repr(point.knobs.get(knob)) for point in points] for knob in knobs}
    changes = _changes(levels, reference or {})
    pairs = [(left, right) for left, right in combinations(changes, 2) if left.knob != right.knob]
    if not changes:
        return Effects([], [], [])
    design = _Design.of(points, levels, changes)
    main, unknown_main = design.fit([(change,) for change in changes], 0, noise)
    terms = [(change,) for change in changes] + pairs
    if len(terms) > _MAX_TERMS:
        return Effects(main, [], [*unknown_main, f"{len(pairs)} interactions: too many to fit, use fewer knobs"])
    interactions, unknown = design.fit(terms, len(changes), noise)
    return Effects(main, interactions, [*unknown_main, *unknown])


def contrast(term: str, arms: Sequence[tuple[float, Sequence[float]]], noise: Noise | None, direction: Direction) -> Effect:
    """Returns a weighted sum of mean scores as a gain, with the standard error of independent means.

    Args:
        term: Name of the contrast.
        arms: For each source its weight and its scores; at least one score each.
        noise: The stratum's noise; None if it isn't known.
        direction: Which scores are better. The gain is positive if the weighted sum is better.
    """
    total = math.fsum(weight * fmean(scores) for weight, scores in arms)
    error = noise.sd * math.sqrt(math.fsum(weight**2 / len(scores) for weight, scores in arms)) if noise else 0.0
    return _effect(term, -total if direction == "minimize" else total, error, noise.degrees if noise else 0)


def attribution(
    baseline: Sequence[float],
    code: Sequence[float],
    knobs: Sequence[float],
    both: Sequence[float],
    noise: Noise | None,
    direction: Direction,
) -> tuple[Effect, Effect]:
    """Splits a gain into the parts of code and of retuned knobs: the mean contribution of each over both orders of adding them.

    These are the Shapley values of a game of two players (Shapley 1953, "A value for n-person games").

    Args:
        baseline: Scores of the old code with the old knobs.
        code: Scores of the new code with the old knobs.
        knobs: Scores of the old code with the new knobs.
        both: Scores of the new code with the new knobs.
        noise: The stratum's noise; None if it isn't known.
        direction: Which scores are better.

    Returns:
        The parts of code and of knobs. They add up to the gain of both.
    """
    half = 0.5
    of_code = [(half, code), (half, both), (-half, knobs), (-half, baseline)]
    of_knobs = [(half, knobs), (half, both), (-half, code), (-half, baseline)]
    return contrast("code", of_code, noise, direction), contrast("retuned knobs", of_knobs, noise, direction)


def pareto_front(rows: Sequence[Sequence[float]]) -> list[int]:
    """Returns the rows that no other row dominates, that is, none is at least as good in all values and better in one.

    Args:
        rows: One row for each experiment, of values where lower is better; negate the others.

    Returns:
        Indices of the rows, best in the first value first.
    """
    front: list[int] = []
    for place in sorted(range(len(rows)), key=lambda place: tuple(rows[place])):
        row = rows[place]
        # The rows are sorted, so a row that dominates this one is already in the front, or dominated by one that is.
        if not any(
            all(value <= own for value, own in zip(rows[better], row, strict=True)) and tuple(rows[better]) != tuple(row)
            for better in front
        ):
            front.append(place)
    return front


def _changes(levels: Mapping[str, Sequence[str]], reference: Mapping[str, Any]) -> list[_Change]:
    changes: list[_Change] = []
    for knob, values in levels.items():
        counts = Counter(values)
        wanted = repr(reference.get(knob))
        start = wanted if knob in reference and wanted in counts else counts.most_common(1)[0][0]
        changes += [_Change(knob, start, value) for value in counts if value != start]
    return changes


@dataclass(frozen=True, slots=True)
class _Design:
    """Experiments as the rows of a linear model.

    Attributes:
        made: For each change, which experiments made it: a column of zeros and ones.
        gains: The gains, without the mean of their block.
        block_of: The number of each experiment's block.
        block_sizes: How many experiments each block has.
    """

    made: Mapping[_Change, Matrix]
    gains: Matrix
    block_of: NDArray[np.intp]
    block_sizes: Matrix

    @classmethod
    def of(cls, points: Sequence[Point], levels: Mapping[str, Sequence[str]], changes: Sequence[_Change]) -> _Design:
        import numpy as np  # noqa: PLC0415  heavy

        texts = {knob: np.array(values, dtype=object) for knob, values in levels.items()}
        made = {change: (texts[change.knob] == change.value).astype(float) for change in changes}
        numbers: dict[Hashable, int] = {}
        block_of = np.array([numbers.setdefault(point.block, len(numbers)) for point in points])
        sizes = np.bincount(block_of).astype(float)
        gains = np.array([point.gain for point in points])
        return cls(made, gains - (np.bincount(block_of, weights=gains) / sizes)[block_of], block_of, sizes)

    def fit(self, terms: Sequence[tuple[_Change, ...]], first: int, noise: Noise | None) -> tuple[list[Effect], list[str]]:
        """Return the effects of the terms from `first` on, largest first, and the names of those that can't be estimated.

        The blocks' effects are taken out of every column first, and the rest is fitted alone, which gives the same estimates
        (Frisch and Waugh 1933, "Partial time regressions as compared with individual trends", Econometrica 1).
        """
        import numpy as np  # noqa: PLC0415  heavy

        if len(terms) <= first:
            return [], []
        columns = np.array([self._without_blocks(np.prod([self.made[change] for change in term], axis=0)) for term in terms]).T
        gram = columns.T @ columns
        inverse = np.linalg.pinv(gram, rcond=1e-10, hermitian=True)
        estimates, resolution = inverse @ (columns.T @ self.gains), inverse @ gram
        rank = round(float(np.trace(resolution))) + len(self.block_sizes)
        sd, degrees = _scatter(self.gains - columns @ estimates, rank, noise)
        estimated: list[Effect] = []
        unknown: list[str] = []
        for place in range(first, len(terms)):
            name = " * ".join(map(str, terms[place]))
            # A coefficient can be estimated if adding a vector of the design's null space doesn't change it.
            if abs(resolution[place, place] - 1) > 1e-6:
                unknown.append(name)
                continue
            error = sd * math.sqrt(max(0.0, float(inverse[place, place])))
            estimated.append(_effect(name, float(estimates[place]), error, degrees))
        return sorted(estimated, key=lambda effect: -abs(effect.gain)), unknown

    def _without_blocks(self, column: Matrix) -> Matrix:
        """Return a column without the mean of each block."""
        import numpy as np  # noqa: PLC0415  heavy

        return column - (np.bincount(self.block_of, weights=column) / self.block_sizes)[self.block_of]


def _scatter(residuals: Matrix, rank: int, noise: Noise | None) -> tuple[float, float]:
    degrees = len(residuals) - rank
    if noise is not None:
        return noise.sd, noise.degrees
    return (float(residuals @ residuals) / degrees) ** 0.5 if degrees else 0.0, degrees


def _effect(term: str, gain: float, error: float, degrees: float) -> Effect:
    if degrees == 0 or error == 0:
        return Effect(term, gain, None, None)
    return Effect(term, gain, student_t.interval(gain, error, degrees), 2 * student_t.upper_tail(abs(gain) / error, degrees))
