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

_MAX_TERMS = 1000


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

    def made_in(self, point: Point) -> bool:
        return repr(point.knobs.get(self.knob)) == self.value


def effects(points: Sequence[Point], reference: Mapping[str, Any] | None = None, noise: Noise | None = None) -> Effects:
    """Returns main effects and two-factor interactions.

    Args:
        points: Scored experiments of one stratum, with all knobs in which they may differ.
        reference: For each knob, the value with which the others are compared. If it isn't given or didn't run, the most common
            value is used.
        noise: The stratum's noise, for the intervals. If it is None, the residuals give the noise, which is larger if effects
            aren't additive.
    """
    changes = _changes(points, reference or {})
    pairs = [(left, right) for left, right in combinations(changes, 2) if left.knob != right.knob]
    main, unknown_main = _fit(points, [(change,) for change in changes], 0, noise)
    terms = [(change,) for change in changes] + pairs
    if len(terms) > _MAX_TERMS:
        return Effects(main, [], [*unknown_main, f"{len(pairs)} interactions: too many to fit, use fewer knobs"])
    interactions, unknown = _fit(points, terms, len(changes), noise)
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


def _changes(points: Sequence[Point], reference: Mapping[str, Any]) -> list[_Change]:
    knobs = dict.fromkeys(knob for point in points for knob in point.knobs)
    changes: list[_Change] = []
    for knob in knobs:
        counts = Counter(repr(point.knobs.get(knob)) for point in points)
        wanted = repr(reference.get(knob))
        start = wanted if knob in reference and wanted in counts else counts.most_common(1)[0][0]
        changes += [_Change(knob, start, value) for value in counts if value != start]
    return changes


def _fit(
    points: Sequence[Point], terms: Sequence[tuple[_Change, ...]], first: int, noise: Noise | None
) -> tuple[list[Effect], list[str]]:
    """Returns the effects of the terms from `first` on, largest first, and the names of the terms that can't be estimated."""
    import numpy as np  # noqa: PLC0415  heavy

    if len(terms) <= first:
        return [], []
    blocks = list(dict.fromkeys(point.block for point in points))
    columns = [[float(all(change.made_in(point) for change in term)) for point in points] for term in terms]
    columns += [[float(point.block == block) for point in points] for block in blocks]
    design = np.array(columns).T
    gains = np.array([point.gain for point in points])
    inverse = np.linalg.pinv(design, rcond=1e-10)
    estimates, resolution = inverse @ gains, inverse @ design
    sd, degrees = _scatter(gains - design @ estimates, round(float(np.trace(resolution))), noise)
    estimated: list[Effect] = []
    unknown: list[str] = []
    for place in range(first, len(terms)):
        name = " * ".join(map(str, terms[place]))
        # A coefficient can be estimated if adding a vector of the design's null space doesn't change it.
        if abs(resolution[place, place] - 1) > 1e-6:
            unknown.append(name)
            continue
        error = sd * float(np.linalg.norm(inverse[place]))
        estimated.append(_effect(name, float(estimates[place]), error, degrees))
    return sorted(estimated, key=lambda effect: -abs(effect.gain)), unknown


def _scatter(residuals: Matrix, rank: int, noise: Noise | None) -> tuple[float, float]:
    degrees = len(residuals) - rank
    if noise is not None:
        return noise.sd, noise.degrees
    return (float(residuals @ residuals) / degrees) ** 0.5 if degrees else 0.0, degrees


def _effect(term: str, gain: float, error: float, degrees: float) -> Effect:
    if degrees == 0 or error == 0:
        return Effect(term, gain, None, None)
    return Effect(term, gain, student_t.interval(gain, error, degrees), 2 * student_t.upper_tail(abs(gain) / error, degrees))
