"""Which cells a grid runs: designs over factors, and what each can and can't tell apart.

A factor is a knob with the values it takes; a cell gives each knob one of them. Designs that draw are the same for the same
seed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from random import Random
from typing import Any

from ..errors import BadInputError
from .fractional_factorial import ROMAN, aliases, columns, levels, resolution

Factors = Mapping[str, Sequence[Any]]
Cell = dict[str, Any]

_SMALL = 8
"""Cells up to which all combinations are run rather than a fraction: a fraction of three factors mixes main effects up."""
DRAWS = 20
"""Latin hypercubes drawn, of which the one is kept whose nearest cells are farthest apart."""


@dataclass(frozen=True, slots=True)
class DesignedCells:
    """The cells of a grid.

    Attributes:
        cells: In the order to run them.
        tells: What the design can and can't tell apart, in a sentence or two.
        resolution: Of a fraction, as a Roman numeral.
        aliases: Of a fraction: groups of effects that it can't tell apart.
    """

    cells: Sequence[Cell]
    tells: str
    resolution: str | None = None
    aliases: Sequence[Sequence[str]] = ()


def plan(design: str, factors: Factors, *, size: int | None = None, seed: int = 0, cap: int = 1000) -> DesignedCells:
    """The cells of a design.

    Args:
        design: `full`, `fractional`, `latin_hypercube`, `random` or `one_at_a_time`.
        factors: Knob to values, in the order given; a value listed twice counts once.
        size: Cells: needed by `latin_hypercube` and `random`; for `fractional` the most, by default as few as keep main effects
            apart from two-factor interactions; not taken by the others.
        seed: Of what is drawn.
        cap: Cells that one grid may have.

    Raises:
        BadInputError: Factors, size and design don't go together, or there would be too many cells.
    """
    _refuse(not factors, "A design needs factors", 'Give factors={"DEPTH": [6, 8], …}')
    for knob, values in factors.items():
        _refuse(not values, f"Factor {knob} has no values", "List at least two")
    distinct = {knob: _distinct(values) for knob, values in factors.items()}
    if design in {"latin_hypercube", "random"}:
        drawn = _latin_hypercube if design == "latin_hypercube" else _random
        return drawn(distinct, _drawn_size(distinct, size, cap), Random(seed))  # noqa: S311  a design, no secret
    if design == "fractional":
        return _fractional(distinct, size, cap)
    _refuse(design not in {"full", "one_at_a_time"}, f"{design!r} is no design over factors", "Take full or fractional")
    _refuse(size is not None, f"design={design!r} has the cells that its factors give, not size={size}", "Leave size out")
    return _full(distinct, cap) if design == "full" else _one_at_a_time(distinct, cap)


def _full(factors: Factors, cap: int) -> DesignedCells:
    _refuse_above(cap, math.prod(len(values) for values in factors.values()))
    cells: list[Cell] = [dict(zip(factors, values, strict=True)) for values in product(*factors.values())]
    return DesignedCells(cells, "Tells every main effect and every interaction apart.")


def _one_at_a_time(factors: Factors, cap: int) -> DesignedCells:
    changed: list[Cell] = [{knob: value} for knob, values in factors.items() for value in values]
    cells: list[Cell] = [{}, *changed]
    _refuse_above(cap, len(cells))
    return DesignedCells(
        cells,
        "The first cell is the base itself, each other changes one knob. Tells each change at the base alone: no interaction "
        "is seen, and each change rests on one cell, where a factorial of as many runs would use all of them for each.",
    )


def _fractional(factors: Factors, size: int | None, cap: int) -> DesignedCells:
    for knob, values in factors.items():
        _refuse(
            len(values) != 2,
            f"A fraction takes two values a knob, and {knob} has {len(values)}",
            "Give the two ends to compare; more values go with full, latin_hypercube or random",
        )
    if 2 ** len(factors) <= (size or _SMALL):
        return _full(factors, cap)
    chosen = columns(len(factors), size)
    runs = levels(chosen)
    _refuse_above(cap, len(runs))
    cells = [{knob: factors[knob][high] for knob, high in zip(factors, run, strict=True)} for run in runs]
    mixed = aliases(chosen, list(factors))
    numeral = ROMAN[resolution(chosen)]
    return DesignedCells(cells, f"Resolution {numeral}: {_FRACTION[min(resolution(chosen), 5)]}.", numeral, mixed)


_FRACTION = {
    3: "main effects are mixed with two-factor interactions, so that what looks like a knob may be two others together",
    4: "tells main effects apart, also from two-factor interactions; of those, the aliases are mixed with one another",
    5: "tells all main effects and two-factor interactions apart, if three factors together do nothing more",
}


def _drawn_size(factors: Factors, size: int | None, cap: int) -> int:
    if size is None:
        raise BadInputError("A design that draws needs a size", "Give size=, at least twice the number of knobs")
    _refuse_above(cap, size)
    possible = math.prod(len(values) for values in factors.values())
    _refuse(
        size > possible, f"There are only {possible} different cells, not {size}", f'Take design="full", or size={possible}'
    )
    return size


def _random(factors: Factors, size: int, random: Random) -> DesignedCells:
    possible = math.prod(len(values) for values in factors.values())
    drawn: dict[int, None] = {}
    while len(drawn) < size:
        drawn[random.randrange(possible)] = None
    cells = [_cell(factors, _mixed_radix(index, factors)) for index in drawn]
    return DesignedCells(
        cells, f"{_drawn_tells(factors, size)} Cells are drawn alike from all {possible}: a fair yardstick for a search."
    )


def _latin_hypercube(factors: Factors, size: int, random: Random) -> DesignedCells:
    """As McKay, Beckman and Conover 1979, on listed values; of several, the one that spreads its cells best."""
    best = max((_strata(factors, size, random) for _ in range(DRAWS)), key=_spread)
    return DesignedCells(
        [_cell(factors, index) for index in dict.fromkeys(best)],
        f"{_drawn_tells(factors, size)} Each value of each knob is used equally often, as far as it divides.",
    )


def _strata(factors: Factors, size: int, random: Random) -> list[tuple[int, ...]]:
    """Cells as indices of values: knob by knob, the values in equal shares, shuffled; a remainder goes to values drawn."""
    shares: list[list[int]] = []
    for values in factors.values():
        rounds, rest = divmod(size, len(values))
        share = list(range(len(values))) * rounds + random.sample(range(len(values)), rest)
        random.shuffle(share)
        shares.append(share)
    return list(zip(*shares, strict=True))


def _spread(indices: Sequence[tuple[int, ...]]) -> tuple[int, int]:
    """Different cells first, then the knobs in which the nearest cells differ (of the first 64, which is all it takes)."""
    pairs = combinations(indices[:64], 2)
    return len(set(indices)), min((sum(map(int.__ne__, one, other)) for one, other in pairs), default=0)


def _drawn_tells(factors: Factors, size: int) -> str:
    needed = 1 + sum(len(values) - 1 for values in factors.values())
    if size < needed:
        return f"{size} cells are fewer than the {needed} that main effects take: only a surrogate can be fitted."
    return (
        "Tells main effects, less sharply than a factorial does, as knobs are correlated by chance; interactions only roughly."
    )


def _cell(factors: Factors, index: Sequence[int]) -> Cell:
    return {knob: values[place] for (knob, values), place in zip(factors.items(), index, strict=True)}


def _mixed_radix(index: int, factors: Factors) -> list[int]:
    places: list[int] = []
    for values in factors.values():
        index, place = divmod(index, len(values))
        places.append(place)
    return places


def _distinct(values: Sequence[Any]) -> list[Any]:
    return list({repr(value): value for value in values}.values())


def _refuse(wrong: bool, problem: str, remedy: str) -> None:  # noqa: FBT001  reads as a sentence
    if wrong:
        raise BadInputError(problem, remedy)


def _refuse_above(cap: int, cells: int) -> None:
    _refuse(
        cells > cap, f"{cells:,} cells are more than the {cap:,} allowed", "Take fewer values, or a design that draws size="
    )
