"""Experimental designs: which cells a grid runs, and which effects a design can tell apart.

A factor is a knob with its values. A cell gives each knob one of its values. A design that draws at random returns the same
cells for the same seed.
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

_MAX_FULL_CELLS = 8
"""Up to this number of cells, all combinations run instead of a fraction: a fraction of three factors mixes up main effects."""
DRAWS = 20
"""Latin hypercubes that are drawn. The one whose nearest cells are farthest apart is used."""


@dataclass(frozen=True, slots=True)
class DesignedCells:
    """The cells of a grid.

    Attributes:
        cells: In the order to run them.
        tells: Which effects the design can tell apart, in one or two sentences.
        resolution: The resolution of a fraction, as a Roman numeral; None for other designs.
        aliases: For a fraction, the groups of effects that it can't tell apart.
    """

    cells: Sequence[Cell]
    tells: str
    resolution: str | None = None
    aliases: Sequence[Sequence[str]] = ()


def plan(design: str, factors: Factors, *, size: int | None = None, seed: int = 0, cap: int = 1000) -> DesignedCells:
    """Returns the cells of a design.

    Args:
        design: `full`, `fractional`, `latin_hypercube`, `random` or `one_at_a_time`.
        factors: Knob to values, in the order given; a value that is listed twice counts once.
        size: Number of cells. Required for `latin_hypercube` and `random`. For `fractional` it is the maximum; the default is
            the smallest fraction that keeps main effects apart from two-factor interactions. The other designs don't accept it.
        seed: Seed of the random draws.
        cap: Maximum number of cells of a grid.

    Raises:
        BadInputError: Factors, size and design don't fit together, or there would be too many cells.
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
    _refuse(
        design not in {"full", "one_at_a_time"}, f"design={design!r} is not a design over factors", "Use full or fractional"
    )
    _refuse(
        size is not None, f"design={design!r} doesn't accept size={size}: its factors determine the cells", "Leave size out"
    )
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
        "The first cell is the base itself; each of the others changes one knob. Shows each change at the base only: no "
        "interaction is seen, and each change is measured by one cell, where a factorial design uses all cells for each.",
    )


def _fractional(factors: Factors, size: int | None, cap: int) -> DesignedCells:
    for knob, values in factors.items():
        _refuse(
            len(values) != 2,
            f"design='fractional' takes two values for each knob, and {knob} has {len(values)}",
            "Give two values; for more values use full, latin_hypercube or random",
        )
    if 2 ** len(factors) <= (size or _MAX_FULL_CELLS):
        return _full(factors, cap)
    chosen = columns(len(factors), size)
    runs = levels(chosen)
    _refuse_above(cap, len(runs))
    cells = [{knob: factors[knob][high] for knob, high in zip(factors, run, strict=True)} for run in runs]
    mixed = aliases(chosen, list(factors))
    numeral = ROMAN[resolution(chosen)]
    return DesignedCells(cells, f"Resolution {numeral}: {_FRACTION[min(resolution(chosen), 5)]}.", numeral, mixed)


_FRACTION = {
    3: "main effects are mixed with two-factor interactions, so the effect of a knob may be that of two other knobs together",
    4: "tells main effects apart, also from two-factor interactions; interactions that are aliases are mixed with each other",
    5: "tells all main effects and two-factor interactions apart, if there are no interactions of three factors",
}


def _drawn_size(factors: Factors, size: int | None, cap: int) -> int:
    if size is None:
        raise BadInputError("A design that draws at random needs size", "Give size=, at least twice the number of knobs")
    _refuse_above(cap, size)
    possible = math.prod(len(values) for values in factors.values())
    _refuse(
        size > possible, f"size={size} is more than the {possible} different cells", f'Use design="full", or size={possible}'
    )
    return size


def _random(factors: Factors, size: int, random: Random) -> DesignedCells:
    possible = math.prod(len(values) for values in factors.values())
    drawn: dict[int, None] = {}
    while len(drawn) < size:
        drawn[random.randrange(possible)] = None
    cells = [_cell(factors, _mixed_radix(index, factors)) for index in drawn]
    return DesignedCells(
        cells, f"{_drawn_tells(factors, size)} Cells are drawn uniformly from all {possible}: the fair comparison for a search."
    )


def _latin_hypercube(factors: Factors, size: int, random: Random) -> DesignedCells:
    """Latin hypercube on listed values (McKay, Beckman and Conover 1979); of several draws, the one that spreads best."""
    best = max((_strata(factors, size, random) for _ in range(DRAWS)), key=_spread)
    return DesignedCells(
        [_cell(factors, index) for index in dict.fromkeys(best)],
        f"{_drawn_tells(factors, size)} Each value of each knob is used equally often, as far as it divides.",
    )


def _strata(factors: Factors, size: int, random: Random) -> list[tuple[int, ...]]:
    """Cells as indices of values. Each knob's values get equal shares, shuffled; random values get the remainder."""
    shares: list[list[int]] = []
    for values in factors.values():
        rounds, remainder = divmod(size, len(values))
        share = list(range(len(values))) * rounds + random.sample(range(len(values)), remainder)
        random.shuffle(share)
        shares.append(share)
    return list(zip(*shares, strict=True))


def _spread(indices: Sequence[tuple[int, ...]]) -> tuple[int, int]:
    """Number of different cells, then the number of knobs in which the nearest cells differ (among the first 64)."""
    pairs = combinations(indices[:64], 2)
    return len(set(indices)), min((sum(map(int.__ne__, left, right)) for left, right in pairs), default=0)


def _drawn_tells(factors: Factors, size: int) -> str:
    needed = 1 + sum(len(values) - 1 for values in factors.values())
    if size < needed:
        return f"{size} cells are fewer than the {needed} that main effects need: only a surrogate model can be fitted."
    return (
        "Tells main effects apart, less precisely than a factorial design, because knobs are correlated by chance; interactions"
        " only roughly."
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
    _refuse(cells > cap, f"{cells:,} cells are more than the {cap:,} allowed", "Use fewer values, or a design that takes size=")
