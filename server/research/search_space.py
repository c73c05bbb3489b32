"""Search spaces: the values that a search may give to knobs, and their translation to and from Optuna."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeGuard

from ..errors import BadInputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from optuna.distributions import BaseDistribution

Params = dict[str, Any]
"""Knob to Optuna's parameter: the number itself for a range, the index of the value for a list."""
if TYPE_CHECKING:
    Matrix = NDArray[np.float64]
_MIN_LOG_RATIO = 10
"""A positive range is searched on a logarithmic scale if its ends have at least this ratio."""


@dataclass(frozen=True, slots=True)
class Range:
    """All numbers between two ends; whole numbers only if both ends are whole."""

    low: float
    high: float

    @property
    def whole(self) -> bool:
        """Whether the range contains whole numbers only."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def logarithmic(self) -> bool:
        """Whether the range is searched on a logarithmic scale."""
        return self.low > 0 and self.high / self.low >= _MIN_LOG_RATIO

    def encode(self, value: object) -> float | None:
        """Returns Optuna's parameter for a knob's value; None if the value is outside the range."""
        if not _number(value) or (self.whole and not isinstance(value, int)):
            return None
        return value if self.low <= value <= self.high else None

    def decode(self, param: float) -> float:
        """Returns the knob's value for Optuna's parameter."""
        return param

    def distribution(self) -> BaseDistribution:
        """Returns Optuna's distribution."""
        from optuna.distributions import FloatDistribution, IntDistribution  # noqa: PLC0415  heavy

        if self.whole:
            return IntDistribution(int(self.low), int(self.high), log=self.logarithmic)
        return FloatDistribution(self.low, self.high, log=self.logarithmic)

    def coordinate(self, param: float) -> float:
        """Returns where a parameter lies between the ends, from 0 to 1. Distances are those of coordinates."""
        if self.logarithmic:
            return math.log(param / self.low) / math.log(self.high / self.low)
        return (param - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Choice:
    """A list of values. Numbers are sorted, so neighbours are similar."""

    values: Sequence[Any]

    @cached_property
    def ordered(self) -> bool:
        """Whether neighbours are similar."""
        return len(self.values) > 2 and all(map(_number, self.values))

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """The place of each value by its text. Of equal values with one text, the first one counts."""
        return {repr(value): place for place, value in reversed(list(enumerate(self.values)))}

    def encode(self, value: object) -> int | None:
        """Returns Optuna's parameter for a knob's value; None if the value isn't listed."""
        place = self._places.get(repr(value))
        if place is not None:
            return place
        # 1 and 1.0 are equal, and have different texts.
        return next((place for place, listed in enumerate(self.values) if listed == value), None)

    def decode(self, param: int) -> object:
        """Returns the knob's value for Optuna's parameter."""
        return self.values[param]

    def distribution(self) -> BaseDistribution:
        """Returns Optuna's distribution."""
        from optuna.distributions import CategoricalDistribution, IntDistribution  # noqa: PLC0415  heavy

        places = range(len(self.values))
        return IntDistribution(0, places[-1]) if self.ordered else CategoricalDistribution(list(places))

    def coordinate(self, param: int) -> float:
        """Returns the place of a value in an ordered list, from 0 to 1. In another list, different values have distance 1."""
        return param / (len(self.values) - 1) if self.ordered else float(param)


@dataclass(frozen=True, slots=True)
class Space:
    """Every knob that is searched, with its allowed values."""

    knobs: Mapping[str, Range | Choice]

    def encode(self, values: Mapping[str, Any]) -> Params | None:
        """Returns Optuna's parameters for an experiment; None if a knob is outside the space or missing."""
        params = {knob: allowed.encode(values.get(knob)) for knob, allowed in self.knobs.items()}
        return None if None in params.values() else params

    def decode(self, params: Params) -> dict[str, Any]:
        """Returns the knobs' values for Optuna's parameters."""
        return {knob: allowed.decode(params[knob]) for knob, allowed in self.knobs.items()}

    def distributions(self) -> dict[str, BaseDistribution]:
        """Returns Optuna's distributions by knob."""
        return {knob: allowed.distribution() for knob, allowed in self.knobs.items()}

    def coordinates(self, params: Params) -> list[float]:
        """Returns Optuna's parameters as a point: one coordinate for each knob, as its distance is measured."""
        return [allowed.coordinate(params[knob]) for knob, allowed in self.knobs.items()]

    def distances(self, points: Matrix, point: Sequence[float]) -> Matrix:
        """Returns the distance of each point, a row of `points`, to another: the mean over the knobs, from 0 to 1."""
        import numpy as np  # noqa: PLC0415  heavy

        apart = np.abs(points - np.array(point))
        is_unordered = np.array([isinstance(allowed, Choice) and not allowed.ordered for allowed in self.knobs.values()])
        distances: Matrix = np.where(is_unordered, apart > 0, apart).mean(axis=1)
        return distances


def search_space(factors: Mapping[str, Sequence[Any]]) -> Space:
    """Returns the space that factors span.

    Args:
        factors: Knob to values. Two different numbers are the ends of a range (of whole numbers if both are whole; on a
            logarithmic scale if one is at least ten times the other). Anything else is the list of all allowed values.

    Raises:
        BadInputError: There is no factor, or a factor has no values.
    """
    if not factors or not all(factors.values()):
        empty = next((knob for knob, values in factors.items() if not values), None)
        raise BadInputError(
            f"Factor {empty} has no values" if empty else "A search needs factors",
            "Give the two ends of a range, or a list of values",
        )
    return Space({knob: _allowed(values) for knob, values in factors.items()})


def observed_space(experiments: Sequence[Mapping[str, Any]]) -> Space:
    """Returns the space of the values that ran, for the knobs that every experiment has and that differ."""
    shared = [knob for knob in (experiments[0] if experiments else ()) if all(knob in knobs for knobs in experiments)]
    values = {knob: list({repr(knobs[knob]): knobs[knob] for knobs in experiments}.values()) for knob in shared}
    return Space({knob: _listed(observed) for knob, observed in values.items() if len(observed) > 1})


def _allowed(values: Sequence[Any]) -> Range | Choice:
    if len(values) == 2 and all(map(_number, values)) and values[0] != values[1]:
        return Range(min(values), max(values))
    return _listed(values)


def _listed(values: Sequence[Any]) -> Choice:
    return Choice(sorted(values) if all(map(_number, values)) else list(values))


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
