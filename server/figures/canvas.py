"""What all figures share: size, type, colours, and the conversion to PNG.

matplotlib is imported when it is first used, and without pyplot. There is no global state, so figures can be drawn in any
thread.
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
"""Width in inches. At this DPI, a figure is as wide as clients show it without scaling it down."""
# Distinguishable by people with colour vision deficiency (Okabe and Ito 2008, "Color universal design").
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"
GREY, PALE, INK = "#7f7f7f", "#d9d9d9", "#222222"
SERIES = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, "#8c6d31", "#393b79")
MAX_LABEL = 38
"""Maximum length of a label, in characters. Most labels are written by agents."""


def canvas(title: str, note: str = "", *, height: float = 5.2, columns: int = 1) -> tuple[Figure, Sequence[Axes]]:
    """Returns an empty figure with a title and a note in small type below it, and its axes from left to right."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  heavy
    from matplotlib.figure import Figure  # noqa: PLC0415  heavy

    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(1, columns, place + 1) for place in range(columns)]
    figure.suptitle(plain(title, 110), fontsize=13, fontweight="bold", x=0.01, ha="left", color=INK)
    if note:
        axes[0].set_title(fill(plain(note, 200), 105), fontsize=9, color=GREY, loc="left")
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)  # pyright: ignore[reportArgumentType, reportCallIssue]
        axis.tick_params(labelsize=10)
    return figure, axes


def png(figure: Figure) -> bytes:
    """Returns the figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def plain(text: str, max_length: int = MAX_LABEL) -> str:
    """Returns a text for matplotlib: cut to the maximum length, and with dollars escaped so that none begins a formula."""
    cut = text if len(text) <= max_length else f"{text[: max_length - 1]}…"
    return cut.replace("$", r"\$")


def better(name: str, direction: str) -> str:
    """Returns the label of a score's axis: `val_bpb (lower is better)`."""
    return f"{plain(name)} ({'lower' if direction == 'minimize' else 'higher'} is better)"
