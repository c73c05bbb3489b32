"""The values that a search may give to knobs, as Optuna's distributions, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from ..errors import BadInputError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Params = dict[str, Any]
"""Knob to what Optuna sees: the number itself on a range, the place of the value in a list."""
_LOG = 10
"""Ratio of the ends from which a positive range is searched on a logarithmic scale."""


@dataclass(frozen=True, slots=True)
class Range:
    """All numbers between two ends, whole ones where both are."""

    low: float
    high: float

    @property
    def whole(self) -> bool:
        """Whether only whole numbers count."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def logarithmic(self) -> bool:
        """Whether ratios matter rather than differences."""
        return self.low > 0 and self.high / self.low >= _LOG

    def encode(self, value: object) -> float | None:
        """What Optuna sees of a knob's value; None where it lies outside."""
        if not _number(value) or (self.whole and not isinstance(value, int)):
            return None
        return value if self.low <= value <= self.high else None

    def decode(self, param: float) -> float:
        """The knob's value."""
        return param

    def distribution(self) -> BaseDistribution:
        """As Optuna has it."""
        from optuna.distributions import FloatDistribution, IntDistribution  # noqa: PLC0415  heavy

        if self.whole:
            return IntDistribution(int(self.low), int(self.high), log=self.logarithmic)
        return FloatDistribution(self.low, self.high, log=self.logarithmic)

    def distance(self, one: float, other: float) -> float:
        """From 0 to 1."""
        if self.logarithmic:
            return abs(math.log(one / other)) / math.log(self.high / self.low)
        return abs(one - other) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Choice:
    """The listed values; numbers are in order, so that neighbours are alike."""

    values: Sequence[Any]

    @property
    def ordered(self) -> bool:
        """Whether neighbours are alike."""
        return len(self.values) > 2 and all(map(_number, self.values))

    def encode(self, value: object) -> int | None:
        """What Optuna sees of a knob's value; None where it isn't listed."""
        return next((place for place, known in enumerate(self.values) if known == value), None)

    def decode(self, param: int) -> object:
        """The knob's value."""
        return self.values[param]

    def distribution(self) -> BaseDistribution:
        """As Optuna has it."""
        from optuna.distributions import CategoricalDistribution, IntDistribution  # noqa: PLC0415  heavy

        places = range(len(self.values))
        return IntDistribution(0, places[-1]) if self.ordered else CategoricalDistribution(list(places))

    def distance(self, one: int, other: int) -> float:
        """From 0 to 1."""
        return abs(one - other) / (len(self.values) - 1) if self.ordered else float(one != other)


@dataclass(frozen=True, slots=True)
class Space:
    """Every knob that is searched, with what it may be."""

    knobs: Mapping[str, Range | Choice]

    def encode(self, values: Mapping[str, Any]) -> Params | None:
        """What Optuna sees of an experiment; None where a knob lies outside, or is missing."""
        params = {knob: allowed.encode(values.get(knob)) for knob, allowed in self.knobs.items()}
        return None if None in params.values() else params

    def decode(self, params: Params) -> dict[str, Any]:
        """The knobs' values."""
        return {knob: allowed.decode(params[knob]) for knob, allowed in self.knobs.items()}

    def distributions(self) -> dict[str, BaseDistribution]:
        """As Optuna has them."""
        return {knob: allowed.distribution() for knob, allowed in self.knobs.items()}

    def distance(self, one: Params, other: Params) -> float:
        """Between two experiments: the mean over knobs, from 0 to 1."""
        return math.fsum(allowed.distance(one[knob], other[knob]) for knob, allowed in self.knobs.items()) / len(self.knobs)


def search_space(factors: Mapping[str, Sequence[Any]]) -> Space:
    """The space that factors span.

    Args:
        factors: Knob to values. Two different numbers are the ends of a range (whole numbers where both are; on a logarithmic
            scale where one is ten times the other or more); anything else is a list of all values there are.

    Raises:
        BadInputError: There is no factor, or one has no values.
    """
    if not factors or not all(factors.values()):
        empty = next((knob for knob, values in factors.items() if not values), None)
        raise BadInputError(f"Factor {empty} has no values" if empty else "A search needs factors", "Give two ends or a list")
    return Space({knob: _allowed(values) for knob, values in factors.items()})


def observed_space(experiments: Sequence[Mapping[str, Any]]) -> Space:
    """The space of the values that ran, of the knobs that differ and that every experiment has."""
    shared = [knob for knob in (experiments[0] if experiments else ()) if all(knob in knobs for knobs in experiments)]
    values = {knob: list({repr(knobs[knob]): knobs[knob] for knobs in experiments}.values()) for knob in shared}
    return Space({knob: _listed(known) for knob, known in values.items() if len(known) > 1})


def _allowed(values: Sequence[Any]) -> Range | Choice:
    if len(values) == 2 and all(map(_number, values)) and values[0] != values[1]:
        return Range(min(values), max(values))
    return _listed(values)


def _listed(values: Sequence[Any]) -> Choice:
    return Choice(sorted(values) if all(map(_number, values)) else list(values))


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
