"""Two-level fractional factorials: which effects a fraction of all combinations can tell apart, and which it mixes up.

A column is a set of basic factors, as bits: 7 is the product of the first three. The generators have minimum aberration: the
fewest short words in the defining relation, so the fewest low-order effects are mixed up (Fries and
Hunter 1980, "Minimum aberration 2^(k-p) designs", Technometrics 22(4); found by the search of Chen, Sun and Wu 1993, "A
catalogue of two-level and three-level fractional factorial designs", International Statistical Review 61(1), and equal to it
in word lengths).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from ..errors import BadInputError

# For each number of basic factors m (2**m runs): the generated columns for m + 1, m + 2, … factors.
_GENERATORS: dict[int, Sequence[Sequence[int]]] = {
    2: [(3,)],
    3: [(7,), (3, 5), (3, 5, 6), (3, 5, 6, 7)],
    4: [
        (15,),
        (7, 11),
        (7, 11, 13),
        (7, 11, 13, 14),
        (3, 5, 9, 14, 15),
        (3, 5, 6, 9, 14, 15),
        (3, 5, 6, 9, 10, 13, 14),
        (3, 5, 6, 9, 10, 13, 14, 15),
        (3, 5, 6, 7, 9, 10, 11, 12, 13),
        (3, 5, 6, 7, 9, 10, 11, 12, 13, 14),
        (3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15),
    ],
    5: [
        (31,),
        (7, 27),
        (7, 11, 29),
        (7, 11, 19, 29),
        (7, 11, 19, 29, 30),
        (7, 11, 13, 19, 21, 25),
        (7, 11, 13, 14, 19, 21, 25),
        (7, 11, 13, 14, 19, 21, 22, 25),
        (7, 11, 13, 14, 19, 21, 22, 25, 26),
        (7, 11, 13, 14, 19, 21, 22, 25, 26, 28),
        (7, 11, 13, 14, 19, 21, 22, 25, 26, 28, 31),
    ],
    6: [
        (63,),
        (15, 51),
        (7, 27, 45),
        (7, 27, 43, 53),
        (7, 11, 29, 45, 51),
        (7, 11, 29, 45, 51, 62),
        (7, 11, 19, 29, 45, 49, 63),
        (7, 11, 19, 29, 45, 46, 49, 52),
        (7, 11, 19, 29, 45, 46, 49, 52, 59),
        (7, 11, 19, 29, 30, 35, 45, 49, 52, 56),
    ],
}
ROMAN = {3: "III", 4: "IV", 5: "V", 6: "VI", 7: "VII"}


def columns(factors: int, runs: int | None = None) -> list[int]:
    """Returns the column of each factor in the best fraction with at most `runs` runs.

    Args:
        factors: Number of factors.
        runs: Maximum number of runs; None for the smallest fraction that keeps main effects apart from two-factor interactions
            (resolution IV).

    Raises:
        BadInputError: No fraction is known for this number of factors, or with so few runs.
    """
    fractions = {2**m: _columns(factors, m) for m, table in _GENERATORS.items() if m < factors <= m + len(table)}
    if runs is None:
        size = min((size for size, chosen in fractions.items() if resolution(chosen) >= 4), default=None)
    else:
        size = max((size for size in fractions if size <= runs), default=None)
    if size is None:
        sizes = f"Give size= one of {sorted(fractions)}" if fractions else "Use 3 to 16 factors"
        raise BadInputError(
            f"No two-level fraction of {factors} factors in {runs or 64} runs or fewer is known",
            f'{sizes}, or design="latin_hypercube"',
        )
    return fractions[size]


def levels(chosen: Sequence[int]) -> list[list[bool]]:
    """Returns for each run whether each factor is at its second level. A generated factor has the sign of its product."""
    basic = sum(column.bit_count() == 1 for column in chosen)
    return [[(column & ~run).bit_count() % 2 == 0 for column in chosen] for run in range(2**basic)]


def resolution(chosen: Sequence[int]) -> int:
    """Returns the length of the shortest word of the defining relation.

    Resolution III mixes main effects with two-factor interactions; IV mixes only two-factor interactions with each other; V
    mixes neither.
    """
    basic = [column for column in chosen if column.bit_count() == 1]
    words = [(0, 0)]
    for column in set(chosen) - set(basic):
        words += [(product ^ column, length + 1) for product, length in words]
    return min(product.bit_count() + length for product, length in words[1:])


def aliases(chosen: Sequence[int], names: Sequence[str]) -> list[list[str]]:
    """Returns the groups of main effects and two-factor interactions (`A*B`) that the fraction can't tell apart.

    Interactions of three or more factors are assumed to be zero.
    """
    groups: dict[int, list[str]] = {}
    for column, name in zip(chosen, names, strict=True):
        groups.setdefault(column, []).append(name)
    for (left, first), (right, second) in combinations(zip(chosen, names, strict=True), 2):
        groups.setdefault(left ^ right, []).append(f"{first}*{second}")
    return [group for group in groups.values() if len(group) > 1]


def _columns(factors: int, basic: int) -> list[int]:
    return [2**place for place in range(basic)] + list(_GENERATORS[basic][factors - basic - 1])
