"""Training curves: the loss that experiments reported, over seconds of training."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles

from .canvas import GREY, SERIES, canvas, plain, png
from .text_canvas import scatter

Curve = Sequence[tuple[float, float]]
"""Points of seconds of training and training loss."""
SMOOTHING_WINDOW = 5
"""Number of reports whose median is drawn."""


def draw(chosen: Sequence[tuple[str, Curve]], reference: Sequence[Curve], note: str = "") -> bytes:
    """Draws curves in colour with their names, and those of the reference's replicates in grey behind them.

    Args:
        chosen: Name and curve of each experiment, the best first.
        reference: Curves of the reference's replicates.
        note: A text in small type below the title.
    """
    figure, (axes,) = canvas("Training curves", note)
    for place, curve in enumerate(reference):
        seconds, losses = _smooth(curve)
        axes.plot(seconds, losses, color=GREY, linewidth=1.1, alpha=0.7, label="reference" if place == 0 else None, zorder=1)
    for place, (name, curve) in enumerate(chosen):
        seconds, losses = _smooth(curve)
        axes.plot(seconds, losses, color=SERIES[place % len(SERIES)], linewidth=1.8, label=plain(name, 46), zorder=2)
    axes.set_xlabel("seconds of training", fontsize=11)
    axes.set_ylabel("training loss (lower is better)", fontsize=11)
    _limit_to_later_losses([*reference, *(curve for _, curve in chosen)], axes.set_ylim)
    axes.grid(color="#eeeeee")
    figure.legend(fontsize=9, frameon=False, loc="outside lower center", ncols=2)
    return png(figure)


def _smooth(curve: Curve) -> tuple[list[float], list[float]]:
    losses = [loss for _, loss in curve]
    return [seconds for seconds, _ in curve], [
        median(losses[max(0, place - SMOOTHING_WINDOW + 1) : place + 1]) for place in range(len(losses))
    ]


def _limit_to_later_losses(curves: Sequence[Curve], limit: object) -> None:
    """Limits the axis to the later part: the steep fall at the beginning would make the ends indistinguishable."""
    losses = [loss for curve in curves for _, loss in curve]
    if len(losses) > 20 and callable(limit):
        cuts = quantiles(losses, n=20)
        low, high = min(losses), cuts[-2]
        limit(low - 0.08 * (high - low), high + 0.08 * (high - low))


def as_text(chosen: Sequence[tuple[str, Curve]], reference: Sequence[Curve]) -> str:
    """Return training curves, a letter for each experiment, and dots for the reference."""
    points = [(seconds, loss, "·") for curve in reference for seconds, loss in curve]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for letter, (_, curve) in zip(letters, reversed(chosen), strict=False):
        points += [(seconds, loss, letter) for seconds, loss in curve]
    names = [f"{letter} {name}" for letter, (name, _) in zip(letters, reversed(chosen), strict=False)]
    return "\n".join([*scatter(points, "seconds of training", "training loss"), *reversed(names), "· reference"])
