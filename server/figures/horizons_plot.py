"""Scores at one budget against those at a longer budget: whether the two rankings agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .canvas import BLUE, GREY, INK, canvas, plain, png
from .text_canvas import scatter

MAX_LABELS = 3
"""Number of sources with a label: the best at the shorter budget."""


@dataclass(frozen=True, slots=True)
class BudgetPair:
    """The scores at two budgets.

    Attributes:
        short: The shorter budget, in words.
        longer: The longer budget, in words.
        scores: Name, score at the shorter budget, score at the longer budget; the best at the shorter one first.
        tau: Kendall's tau, in words.
    """

    short: str
    longer: str
    scores: Sequence[tuple[str, float, float]]
    tau: str


def draw(metric: str, direction: str, pairs: Sequence[BudgetPair], note: str = "") -> bytes:
    """Draws a dot for each source that ran at both budgets, with the names of the best at the shorter one."""
    figure, axes = canvas("Do short runs and longer runs rank alike?", note, columns=len(pairs))
    for axis, pair in zip(axes, pairs, strict=True):
        axis.scatter([short for _, short, _ in pair.scores], [longer for _, _, longer in pair.scores], s=34, color=BLUE)
        for place, (name, short, longer) in enumerate(pair.scores[:MAX_LABELS]):
            # The best are close together, so the labels alternate above and below.
            offset = (6, 7) if place % 2 else (6, -13)
            axis.annotate(plain(name), (short, longer), xytext=offset, textcoords="offset points", fontsize=9, color=INK)
        axis.set_title(plain(pair.tau, 60), fontsize=10, color=GREY, loc="left")
        axis.set_xlabel(f"{plain(metric)} at {pair.short}", fontsize=11)
        axis.set_ylabel(
            f"{plain(metric)} at {pair.longer} ({'lower' if direction == 'minimize' else 'higher'} is better)", fontsize=11
        )
        axis.grid(color="#eeeeee")
        axis.set_axisbelow(True)
    return png(figure)


def as_text(short: str, longer: str, scores: Sequence[tuple[str, float, float]]) -> str:
    """Return the scores at one budget against those at a longer one."""
    return "\n".join(scatter([(x, y, "o") for _, x, y in scores], f"score at {short}", f"score at {longer}"))
