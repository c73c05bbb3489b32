"""Parallel coordinates: every experiment is a line through the values of its knobs to its score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .canvas import GREY, INK, canvas, plain, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEST_SHARE = 0.1
"""The share of the experiments that is drawn in full colour."""
MAX_TABLE_ROWS = 20


def draw(
    metric: str,
    direction: str,
    knobs: Mapping[str, Sequence[Any]],
    lines: Sequence[tuple[Mapping[str, Any], float]],
    note: str = "",
) -> bytes:
    """Draws a vertical axis for each knob, and one for the score on the right with the best on top.

    Args:
        metric: Name of the score.
        direction: `minimize` or `maximize`.
        knobs: The values of each knob, in their order on the axis from below.
        lines: Knobs and score of each experiment.
        note: A text in small type below the title.
    """
    from matplotlib import colormaps  # noqa: PLC0415  heavy

    best_first = sorted(lines, key=lambda line: line[1], reverse=direction == "maximize")
    strong = max(1, round(BEST_SHARE * len(lines)))
    figure, (axes,) = canvas(f"{len(lines)} experiments by knob; the best {strong} in colour", note)
    names = [*knobs, metric]
    scores = [score for _, score in lines]
    low, high = min(scores), max(scores)

    def height(score: float) -> float:
        share = (score - low) / (high - low) if high > low else 0.5
        return 1 - share if direction == "minimize" else share

    for place, (values, score) in reversed(list(enumerate(best_first))):
        path = [_place(knobs[name], values[name]) for name in knobs] + [height(score)]
        if place < strong:
            colour = colormaps["plasma"](0.75 * place / strong)
            axes.plot(range(len(path)), path, color=colour, linewidth=1.9, alpha=0.9, zorder=3)
        else:
            axes.plot(range(len(path)), path, color=GREY, linewidth=0.7, alpha=0.25, zorder=1)
    for place, name in enumerate(knobs):
        _ticks(axes, place, [(_place(knobs[name], value), _short(value)) for value in knobs[name]])
    best, worst = (low, high) if direction == "minimize" else (high, low)
    _ticks(axes, len(knobs), [(0, f"{worst:.4g}"), (1, f"{best:.4g} best")])
    axes.set_xticks(
        range(len(names)),
        [plain(name, 24) for name in names],
        fontsize=10,
        rotation=20 if len(names) > 6 else 0,
    )
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)  # pyright: ignore[reportArgumentType, reportCallIssue]
    axes.set_xlim(-0.25, len(names) - 0.6)
    return png(figure)


def _place(values: Sequence[Any], value: Any) -> float:  # noqa: ANN401  whatever a knob may be
    return values.index(value) / (len(values) - 1)


def _ticks(axes: Axes, x: float, ticks: Sequence[tuple[float, str]]) -> None:
    axes.vlines(x, 0, 1, colors=INK, linewidth=1.1, zorder=2)
    step = max(1, (len(ticks) - 1) // 5) if len(ticks) > 6 else 1
    for y, text in ticks[::step]:
        axes.annotate(
            plain(text, 14),
            (x, y),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=8.5,
            color=INK,
            va="center",
            zorder=4,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
        )


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def as_text(metric: str, direction: str, knobs: Sequence[str], lines: Sequence[tuple[Mapping[str, Any], float]]) -> str:
    """Return knobs and scores as a table, the best score first."""
    best_first = sorted(lines, key=lambda line: line[1], reverse=direction == "maximize")
    rows = [[*(str(values.get(knob, "")) for knob in knobs), f"{score:.6g}"] for values, score in best_first[:MAX_TABLE_ROWS]]
    table = [[*knobs, metric], *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(knobs) + 1)]
    shown = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
    more = [f"and {len(lines) - MAX_TABLE_ROWS} more"] if len(lines) > MAX_TABLE_ROWS else []
    return "\n".join([*shown, *more])
