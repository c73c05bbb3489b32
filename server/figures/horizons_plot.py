"""Scores at one budget against those at a longer one: whether short runs rank as longer ones do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .canvas import BLUE, GREY, INK, canvas, plain, png

NAMED = 3
"""Of the best at the shorter budget."""


@dataclass(frozen=True, slots=True)
class HorizonPair:
    """Two budgets.

    Attributes:
        scores: Name, score at the shorter and at the longer budget; the best at the shorter first.
        tau: Kendall's, in words.
    """

    short: str
    longer: str
    scores: Sequence[tuple[str, float, float]]
    tau: str


def draw(metric: str, direction: str, pairs: Sequence[HorizonPair], note: str = "") -> bytes:
    """A dot for each source that ran at both budgets; the best at the shorter one by name."""
    figure, axes = canvas("Do short runs rank as longer ones do?", note, columns=len(pairs))
    for one, pair in zip(axes, pairs, strict=True):
        one.scatter([short for _, short, _ in pair.scores], [longer for _, _, longer in pair.scores], s=34, color=BLUE)
        for place, (name, short, longer) in enumerate(pair.scores[:NAMED]):
            # In turn above and below, as the best lie close together.
            offset = (6, 7) if place % 2 else (6, -13)
            one.annotate(plain(name), (short, longer), xytext=offset, textcoords="offset points", fontsize=9, color=INK)
        one.set_title(plain(pair.tau, 60), fontsize=10, color=GREY, loc="left")
        one.set_xlabel(f"{plain(metric)} at {pair.short}", fontsize=11)
        one.set_ylabel(
            f"{plain(metric)} at {pair.longer} ({'lower' if direction == 'minimize' else 'higher'} is better)", fontsize=11
        )
        one.grid(color="#eeeeee")
        one.set_axisbelow(True)
    return png(figure)
