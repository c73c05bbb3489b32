"""Scores against another metric, with the front: the sources that no other beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .canvas import BLUE, GREY, INK, ORANGE, better, canvas, plain, png
from .text_canvas import scatter

MAX_LABELS = 6
"""Number of sources on the front with a label."""


@dataclass(frozen=True, slots=True)
class Tradeoff:
    """What the plot shows.

    Attributes:
        score: Name and direction of the metric that experiments are judged by.
        metric: Name and direction of the other metric.
        points: Name, value of the other metric, and score of each source.
        front: The places of the sources on the front, in the order of their scores.
        limits: Limits on the other metric.
    """

    score: tuple[str, str]
    metric: tuple[str, str]
    points: Sequence[tuple[str, float, float]]
    front: Sequence[int]
    limits: Sequence[float] = ()


def draw(shown: Tradeoff, note: str = "") -> bytes:
    """Draws a dot for each source, the front as a line through its dots, and each limit as a dashed line."""
    figure, [axis] = canvas(f"{shown.score[0]} against {shown.metric[0]}", note)
    axis.scatter([value for _, value, _ in shown.points], [score for _, _, score in shown.points], s=26, color=GREY, alpha=0.6)
    front = sorted((shown.points[place] for place in shown.front), key=lambda point: point[1])
    axis.plot([value for _, value, _ in front], [score for _, _, score in front], color=BLUE, marker="o", linewidth=1.4)
    for place, (name, value, score) in enumerate(front[:MAX_LABELS]):
        offset = (6, 7) if place % 2 else (6, -13)
        axis.annotate(plain(name), (value, score), xytext=offset, textcoords="offset points", fontsize=9, color=INK)
    for limit in shown.limits:
        axis.axvline(limit, color=ORANGE, linestyle="--", linewidth=1.2)
    axis.set_xlabel(better(*shown.metric), fontsize=11)
    axis.set_ylabel(better(*shown.score), fontsize=11)
    axis.grid(color="#eeeeee")
    axis.set_axisbelow(True)
    return png(figure)


def as_text(points: Sequence[tuple[str, float, float]], front: Sequence[int], metric: str, score: str) -> str:
    """Return scores against another metric; the front as stars."""
    on_front = set(front)
    marks = [(value, y, "*" if place in on_front else "o") for place, (_, value, y) in enumerate(points)]
    marks.sort(key=lambda point: point[2], reverse=True)  # what is drawn later stands above
    return "\n".join([*scatter(marks, metric, score), "* on the front  o beaten in both"])
