"""Analysis of many experiments: figures and plots."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from .messages import Answer, Request

Aspect = Literal["summary", "effects", "noise", "pareto", "horizons", "efficiency", "yardstick", "importance", "ablation"]
"""What to analyze."""
Picture = Literal["progress", "effects", "curves", "timeline", "parallel", "horizons"]
"""What to plot."""


class AnalysisQuery(Request):
    """What to analyze, over which experiments."""

    what: Aspect = Field(default="summary", description="Which analysis; summary is a short digest of several")
    ids: list[str] | None = Field(default=None, description="Experiments, ranges, grids. The default is all")
    gpu: str | None = Field(default=None, description="Only this kind of GPU: scores of different kinds don't compare")


class PlotQuery(Request):
    """What to plot, over which experiments."""

    what: Picture = Field(default="progress", description="Which plot")
    ids: list[str] | None = Field(default=None, description="Experiments, ranges, grids. The default is all")
    gpu: str | None = Field(default=None, description="Only this kind of GPU: scores of different kinds don't compare")


class EffectRow(Answer):
    """The mean effect of a change over the experiments that ran; positive is better.

    Attributes:
        term: `DEPTH 6→8`, or two of them joined by ` * `: their interaction.
        interval: 95 % interval of this effect alone.
    """

    term: str
    gain: float
    interval: list[float] = Field(default_factory=list[float])
    p: float | None = None


class Analysis(Answer):
    """The answer of `analyze`, with the parts that `what` asks for.

    Attributes:
        stratum: The stratum that the analysis is about.
        experiments: Number of experiments that the analysis uses.
        left_out: How many of the experiments asked for the analysis doesn't use, and why.
        unknown: Effects that these experiments can't separate from others.
        made_of: How much of the whole change is code, and how much is retuned knobs.
        hunks: What the score would lose without each part of the change.
        ancestry: What each source on the way from the baseline gained by its own change.
        pareto: For each measure, the experiments that no other experiment beats in both that measure and the score.
        tells: How to read the analysis.
    """

    what: str
    stratum: dict[str, JsonValue] = Field(default_factory=dict)
    experiments: int
    left_out: list[str] = Field(default_factory=list[str])
    noise: dict[str, JsonValue] = Field(default_factory=dict)
    main: list[EffectRow] = Field(default_factory=list[EffectRow])
    interactions: list[EffectRow] = Field(default_factory=list[EffectRow])
    unknown: list[str] = Field(default_factory=list[str])
    made_of: list[EffectRow] = Field(default_factory=list[EffectRow])
    hunks: list[EffectRow] = Field(default_factory=list[EffectRow])
    ancestry: list[EffectRow] = Field(default_factory=list[EffectRow])
    importance: dict[str, float] = Field(default_factory=dict)
    pareto: dict[str, list[dict[str, JsonValue]]] = Field(default_factory=dict)
    horizons: list[dict[str, JsonValue]] = Field(default_factory=list[dict[str, JsonValue]])
    efficiency: dict[str, JsonValue] = Field(default_factory=dict)
    yardstick: list[dict[str, JsonValue]] = Field(default_factory=list[dict[str, JsonValue]])
    tells: list[str] = Field(default_factory=list[str])
