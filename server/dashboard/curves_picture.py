"""Training curves, the experiment's before the reference's."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import quantiles

from markupsafe import Markup

from ..lab.inspect.curves import Curve
from .picture import WIDTH, Scale, line, path, svg, text

HEIGHT = 260
LEFT, RIGHT, TOP, BOTTOM = 70, 90, 14, 34
MAX_CURVES = 6
"""Colours that a style sheet tells apart."""
MIN_FOR_QUANTILES = 20


def draw(curves: Sequence[Curve], names: Sequence[str]) -> Markup:
    """Draw curves that have points, each with a name."""
    shown = list(zip(curves, names, strict=True))[:MAX_CURVES]
    seconds = [point[0] for curve, _ in shown for point in curve.points]
    losses = sorted(point[1] for curve, _ in shown for point in curve.points)
    # The first steps of a training are so high that the rest would be a line at the bottom.
    top = quantiles(losses, n=20)[-1] if len(losses) >= MIN_FOR_QUANTILES else losses[-1]
    across, up = Scale(min(seconds), max(seconds), LEFT, WIDTH - RIGHT), Scale(losses[0], top, HEIGHT - BOTTOM, TOP)
    parts: list[Markup] = []
    for value in up.ticks():
        parts += [
            line(LEFT, up.place(value), WIDTH - RIGHT, up.place(value), "grid"),
            text(LEFT - 8, up.place(value) + 4, f"{value:g}", "tick", "end"),
        ]
    parts += [text(across.place(value), HEIGHT - BOTTOM + 18, f"{value:g}", "tick", "middle") for value in across.ticks()]
    parts.append(text(WIDTH - RIGHT, HEIGHT - 4, "seconds of training", "tick", "end"))
    parts.append(text(LEFT, TOP - 3, "training loss", "tick"))
    for turn, (curve, name) in reversed(list(enumerate(shown))):
        parts.append(path([(across.place(x), up.place(y)) for x, y in curve.points], f"curve c{turn}"))
        parts.append(text(WIDTH - RIGHT + 6, up.place(curve.points[-1][1]) + 4 + 12 * turn, name, f"tick c{turn}"))
    return svg(parts, HEIGHT, f"Training curves of {', '.join(name for _, name in shown)}.", "curves")
