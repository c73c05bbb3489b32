"""What each knob did, over any set of experiments of one stratum: main effects and two-factor interactions.

Ordinary least squares on indicator columns, so that knobs of any kind and unbalanced sets are treated alike. A main effect is
the gain of one value against the knob's reference value, other knobs held (fitted without interactions: the average over the
cells that ran). An interaction is the difference of differences: how much more a change gains where another knob is changed
too (fitted with all interactions at once, so that those that a fraction mixes up are told as unknown rather than each given
the whole of their sum).
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

_TERMS_CAP = 1000


@dataclass(frozen=True, slots=True)
class Point:
    """An experiment's knobs and what it gained.

    Attributes:
        gain: In units of the metric, positive is better; against whatever is the same for all points.
        block: What points share beside knobs, such as a seed: it is taken out.
    """

    knobs: Mapping[str, Any]
    gain: float
    block: Hashable = None


@dataclass(frozen=True, slots=True)
class Effect:
    """One coefficient.

    Attributes:
        term: `DEPTH 6→8`, or two such joined by ` * `.
        interval: 95 %, Student's t, for this one alone: of twenty, one is off. None where no noise is known.
        p: Two-sided.
    """

    term: str
    gain: float
    interval: tuple[float, float] | None
    p: float | None


@dataclass(frozen=True, slots=True)
class Effects:
    """What a set of experiments tells of its knobs.

    Attributes:
        main: Largest first.
        interactions: Largest first.
        unknown: Terms that these experiments can't tell from others.
    """

    main: Sequence[Effect]
    interactions: Sequence[Effect]
    unknown: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class _Change:
    """A knob's move from its reference value to another."""

    knob: str
    reference: str
    value: str

    @override
    def __str__(self) -> str:
        return f"{self.knob} {self.reference}→{self.value}"

    def made_in(self, point: Point) -> bool:
        return repr(point.knobs.get(self.knob)) == self.value


def effects(points: Sequence[Point], reference: Mapping[str, Any] | None = None, noise: Noise | None = None) -> Effects:
    """Main effects and two-factor interactions.

    Args:
        points: Scored experiments of one stratum, with all knobs that they might differ in.
        reference: The value that each knob's others are compared with; where it is not given or didn't run, the most common
            one.
        noise: The stratum's, which makes the intervals; None for the residuals', which is larger where effects don't add up.
    """
    changes = _changes(points, reference or {})
    pairs = [(one, other) for one, other in combinations(changes, 2) if one.knob != other.knob]
    main, unknown_main = _fit(points, [(change,) for change in changes], 0, noise)
    terms = [(change,) for change in changes] + pairs
    if len(terms) > _TERMS_CAP:
        return Effects(main, [], [*unknown_main, f"{len(pairs)} interactions: too many to fit, take fewer knobs"])
    interactions, unknown = _fit(points, terms, len(changes), noise)
    return Effects(main, interactions, [*unknown_main, *unknown])


def contrast(term: str, arms: Sequence[tuple[float, Sequence[float]]], noise: Noise | None, direction: Direction) -> Effect:
    """A sum of mean scores, each with its weight, as a gain; with the error that the noise gives to independent means.

    Args:
        term: What it is called.
        arms: Weight, and the scores of one source; at least one of each.
        noise: The stratum's; None where it isn't known.
        direction: Which way scores are better; the gain is positive where the weighted sum goes that way.
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
    """How much of a gain is code and how much retuned knobs: each one's mean contribution over both orders.

    Those are the Shapley values of a game of two players (Shapley 1953, "A value for n-person games").

    Args:
        baseline: Scores of what was there before.
        code: Of the new code with the old knobs.
        knobs: Of the old code with the new knobs.
        both: Of both.
        noise: The stratum's; None where it isn't known.
        direction: Which way scores are better.

    Returns:
        The parts of code and of knobs, which add up to the gain of both.
    """
    half = 0.5
    of_code = [(half, code), (half, both), (-half, knobs), (-half, baseline)]
    of_knobs = [(half, knobs), (half, both), (-half, code), (-half, baseline)]
    return contrast("code", of_code, noise, direction), contrast("retuned knobs", of_knobs, noise, direction)


def pareto_front(rows: Sequence[Sequence[float]]) -> list[int]:
    """The rows that no other beats: at least as good everywhere and better somewhere.

    Args:
        rows: One an experiment, of values where less is better; negate those where more is.

    Returns:
        Their places, best in the first value first.
    """
    front: list[int] = []
    for place in sorted(range(len(rows)), key=lambda place: tuple(rows[place])):
        row = rows[place]
        # Sorted, so that whoever beats a row is already in the front, or beaten by one that is.
        if not any(
            all(one <= other for one, other in zip(rows[better], row, strict=True)) and tuple(rows[better]) != tuple(row)
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
    """The effects of the terms from `first` on, largest first, and the names of those that can't be told."""
    import numpy as np  # noqa: PLC0415  heavy

    if len(terms) <= first:
        return [], []
    blocks = list(dict.fromkeys(point.block for point in points))
    columns = [[float(all(change.made_in(point) for change in term)) for point in points] for term in terms]
    columns += [[float(point.block == block) for point in points] for block in blocks]
    design = np.array(columns).T
    gains = np.array([point.gain for point in points])
    inverse = np.linalg.pinv(design, rcond=1e-10)
    estimates, told = inverse @ gains, inverse @ design
    sd, degrees = _scatter(gains - design @ estimates, round(float(np.trace(told))), noise)
    found: list[Effect] = []
    unknown: list[str] = []
    for place in range(first, len(terms)):
        name = " * ".join(map(str, terms[place]))
        # A coefficient can be told when it doesn't change whatever is added from the design's null space.
        if abs(told[place, place] - 1) > 1e-6:
            unknown.append(name)
            continue
        error = sd * float(np.linalg.norm(inverse[place]))
        found.append(_effect(name, float(estimates[place]), error, degrees))
    return sorted(found, key=lambda effect: -abs(effect.gain)), unknown


def _scatter(residuals: Matrix, rank: int, noise: Noise | None) -> tuple[float, float]:
    degrees = len(residuals) - rank
    if noise is not None:
        return noise.sd, noise.degrees
    return (float(residuals @ residuals) / degrees) ** 0.5 if degrees else 0.0, degrees


def _effect(term: str, gain: float, error: float, degrees: float) -> Effect:
    if degrees == 0 or error == 0:
        return Effect(term, gain, None, None)
    return Effect(term, gain, student_t.interval(gain, error, degrees), 2 * student_t.upper_tail(abs(gain) / error, degrees))
