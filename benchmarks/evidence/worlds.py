"""Landscapes whose truth is known, over six knobs of nine values each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any

from labhand.server.backends.simulated.landscape import Landscape
from labhand.server.pool_settings import SimulatedPool

Knobs = Mapping[str, float]

SIGMA = 0.005
"""The noise between seeds."""
SECONDS = 300.0
"""The budget of an experiment."""
KIND = "H200"
OTHER_KIND = "H100"
VALUES = [2 ** (half / 2) for half in range(-4, 5)]
FACTORS: Mapping[str, list[float]] = dict.fromkeys("ABCDEF", VALUES)
BASELINE: Knobs = dict.fromkeys(FACTORS, 1.0)


@dataclass(frozen=True)
class World:
    """What sources are worth, on every kind of GPU.

    Attributes:
        seed: Of the landscape.
        settings: Of the simulated pools.
        offset: Of the other kind of GPU.
        planted: One value of one knob, and the gain that it alone brings.
    """

    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    offset: float = 0.0
    planted: tuple[str, float, float] | None = None

    @cached_property
    def _kinds(self) -> Mapping[str, Landscape]:
        common = {"backend": "simulated", "seed": self.seed, "noise": SIGMA} | dict(self.settings)
        here = SimulatedPool.model_validate(common | {"gpu": KIND})
        other = SimulatedPool.model_validate(common | {"gpu": OTHER_KIND, "offset": self.offset})
        return {KIND: Landscape(here), OTHER_KIND: Landscape(other)}

    def truth(self, knobs: Knobs, seconds: float = SECONDS) -> float:
        """The mean score over all seeds; less is better."""
        return self._kinds[KIND].truth(knobs, seconds) - self._extra(knobs)

    def gain(self, knobs: Knobs, seconds: float = SECONDS) -> float:
        """What a source truly gains over the baseline."""
        return self.truth(BASELINE, seconds) - self.truth(knobs, seconds)

    def score(self, knobs: Knobs, seed: int, kind: str = KIND, seconds: float = SECONDS) -> float:
        """What one run scores."""
        score = self._kinds[kind].score(knobs, seed, name(knobs), seconds)
        assert score is not None
        return score - self._extra(knobs)

    def best(self) -> float:
        """The lowest truth there is: every knob at its own best, since none depends on another."""
        alone = {knob: min(values, key=lambda value: self.truth({**BASELINE, knob: value})) for knob, values in FACTORS.items()}
        return self.truth(alone)

    def _extra(self, knobs: Knobs) -> float:
        if self.planted is None:
            return 0.0
        knob, value, gain = self.planted
        return gain if knobs[knob] == value else 0.0


def name(knobs: Knobs) -> str:
    """A source's name."""
    return repr(sorted(knobs.items()))


def mutated(knobs: Knobs, random: Random) -> Knobs:
    """A source with one or two knobs changed."""
    changed = dict(knobs)
    for knob in random.sample(list(FACTORS), random.choice((1, 1, 2))):
        changed[knob] = random.choice([value for value in FACTORS[knob] if value != knobs[knob]])
    return changed
