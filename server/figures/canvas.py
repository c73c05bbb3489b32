"""What all pictures have in common: size, type, colours, and how they become a PNG.

matplotlib is imported on use, and without pyplot: nothing is global, so that pictures can be drawn in any thread.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 110
WIDTH = 9.0
"""Inches: with this many dots a picture is as wide as agents are shown it without shrinking."""
# Told apart by people who don't see all colours (Okabe and Ito 2008, "Color universal design").
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"
GREY, PALE, INK = "#7f7f7f", "#d9d9d9", "#222222"
SERIES = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, "#8c6d31", "#393b79")
LONGEST = 38
"""Characters of a label: most of them were written by somebody else."""


def canvas(title: str, note: str = "", *, height: float = 5.2, columns: int = 1) -> tuple[Figure, Sequence[Axes]]:
    """An empty picture with a title, a note below that in small type, and its axes, left to right."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  heavy
    from matplotlib.figure import Figure  # noqa: PLC0415  heavy

    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(1, columns, place + 1) for place in range(columns)]
    figure.suptitle(plain(title, 110), fontsize=13, fontweight="bold", x=0.01, ha="left", color=INK)
    if note:
        axes[0].set_title(fill(plain(note, 200), 105), fontsize=9, color=GREY, loc="left")
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)  # pyright: ignore[reportArgumentType, reportCallIssue]
        one.tick_params(labelsize=10)
    return figure, axes


def png(figure: Figure) -> bytes:
    """The picture."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    return drawn.getvalue()


def plain(text: str, most: int = LONGEST) -> str:
    """A text as it stands: no dollar begins a formula. Cut where it is long, and squares for what the font lacks."""
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return cut.replace("$", r"\$")


def better(name: str, direction: str) -> str:
    """A score's label: `val_bpb (lower is better)`."""
    return f"{plain(name)} ({'lower' if direction == 'minimize' else 'higher'} is better)"
