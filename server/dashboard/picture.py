"""Parts of pictures that are drawn as SVG: text, numbers and scales. Colours come from the page's style sheet, by class."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from ..lab.sanitize import clean

WIDTH = 960
"""Of a picture, in the units of its view box."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps the values from `low` to `high` to the places from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Return the place of a value; of one that lies outside, the nearer end."""
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return round(self.start + min(1.0, max(0.0, share)) * (self.end - self.start), 1)

    def ticks(self, count: int = 5) -> list[float]:
        """Return round values within the scale, about `count` of them."""
        span = self.high - self.low
        if span <= 0:
            return [self.low]
        raw = span / count
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
        first = math.ceil(self.low / step)
        return [round(place * step, 10) for place in range(first, math.floor(self.high / step) + 1)]


def svg(parts: Iterable[Markup], height: int, title: str, kind: str) -> Markup:
    """Return a picture.

    Args:
        parts: Its elements.
        height: Of the view box.
        title: What it shows, for those who can't see it.
        kind: Its class.
    """
    head = Markup('<svg class="picture {}" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        kind, WIDTH, height, clean(title)
    )
    return head + Markup().join(parts) + Markup("</svg>")


def text(x: float, y: float, words: object, kind: str = "", anchor: str = "start") -> Markup:
    """Return a line of text."""
    return Markup('<text x="{}" y="{}" class="{}" text-anchor="{}">{}</text>').format(x, y, kind, anchor, clean(str(words)))


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """Return a straight line."""
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>').format(x1, y1, x2, y2, kind)


def box(x: float, y: float, width: float, height: float, kind: str, title: str = "") -> Markup:
    """Return a rectangle, with a title that a pointer shows."""
    inside = Markup("<title>{}</title>").format(clean(title)) if title else Markup()
    head = Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}">').format(
        round(x, 1), round(y, 1), round(max(0.0, width), 1), height, kind
    )
    return head + inside + Markup("</rect>")


def path(points: Sequence[tuple[float, float]], kind: str) -> Markup:
    """Return a line through points."""
    steps = " ".join(f"{x:g},{y:g}" for x, y in points)
    return Markup('<polyline points="{}" class="{}" fill="none"/>').format(steps, kind)


def dots(points: Iterable[tuple[float, float]], kind: str) -> Markup:
    """Return dots as one element: ten thousand elements of their own would take seconds to lay out."""
    steps = "".join(f"M{x:g} {y:g}h0" for x, y in points)
    return Markup('<path d="{}" class="dots {}"/>').format(escape(steps), kind)
