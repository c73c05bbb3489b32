"""What analyses answer; see `answers` for how."""

from __future__ import annotations

from pydantic import Field, JsonValue

from .answers import Answer


class EffectRow(Answer):
    """What a change did, on average over the experiments that ran; positive is better.

    Attributes:
        term: `DEPTH 6→8`, or two of them joined by ` * `: how much more together than apart.
        interval: 95 %, of this effect alone.
    """

    term: str
    gain: float
    interval: list[float] = Field(default_factory=list[float])
    p: float | None = None


class Analysis(Answer):
    """What `analyze` answers; the parts that `what` asks for.

    Attributes:
        stratum: The one that all of it is about.
        experiments: How many it rests on.
        left_out: How many of those asked for it doesn't rest on, and why.
        unknown: Effects that these experiments can't tell from others.
        made_of: Of the whole change of what is taken apart, how much is code and how much retuned knobs.
        hunks: What the score would lose without each part of that change.
        pareto: For each measure, the experiments that no other beats in both that and the score.
        tells: How to read it.
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
    importance: dict[str, float] = Field(default_factory=dict)
    pareto: dict[str, list[dict[str, JsonValue]]] = Field(default_factory=dict)
    horizons: list[dict[str, JsonValue]] = Field(default_factory=list[dict[str, JsonValue]])
    efficiency: dict[str, JsonValue] = Field(default_factory=dict)
    yardstick: list[dict[str, JsonValue]] = Field(default_factory=list[dict[str, JsonValue]])
    tells: list[str] = Field(default_factory=list[str])
