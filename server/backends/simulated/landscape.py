"""A synthetic landscape over knobs: what a source would score, if this were all there is to it.

Every knob with a numeric value has a best value that comes again every four octaves, so that there is one near any value that
a trainer has; other values are worth what chance gave them. A few knobs matter, most hardly do. Code does nothing: a change of
code scores what its knobs score, with luck of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from random import Random
from typing import Any

from ...settings import SimulatedPool

OCTAVES = 4.0
"""Between one best value of a knob and the next."""
BUDGET_SECONDS = 300.0
"""At which nothing is added for the budget."""
LEARNING = 0.03
"""The power of the budget with which scores fall."""
NOISIER = 3.0
"""How much more a noisy configuration varies."""


class Landscape:
    """What sources are worth, and how far luck takes them from it; less is better.

    Args:
        settings: Of the pool that it is on.
    """

    def __init__(self, settings: SimulatedPool) -> None:
        self._settings = settings

    def truth(self, knobs: Mapping[str, Any], budget_seconds: float = BUDGET_SECONDS) -> float:
        """The mean score over all seeds; 1 at the best of all knobs, for a budget of 300 seconds and without an offset."""
        lost = math.fsum(self._lost(knob, value, budget_seconds) for knob, value in knobs.items())
        return math.exp(-LEARNING * math.log(budget_seconds / BUDGET_SECONDS)) + lost + self._settings.offset

    def noise(self, knobs: Mapping[str, Any]) -> float:
        """The standard deviation between seeds."""
        noisy = self._settings.noisier and _drawn(f"{self._settings.seed}/noisy/{_text(knobs)}") < self._settings.noisier
        return self._settings.noise * (NOISIER if noisy else 1.0)

    def score(self, knobs: Mapping[str, Any], seed: int, source: str, budget_seconds: float = BUDGET_SECONDS) -> float | None:
        """What one run scores; None where it fails. The same run scores the same, whoever asks.

        Args:
            knobs: Of the source.
            seed: Of the run.
            source: Its name, so that two sources of one seed have luck of their own.
            budget_seconds: Of training.
        """
        luck = Random(f"{self._settings.seed}/{self._settings.gpu}/{budget_seconds:g}/{seed}/{source}")  # noqa: S311  no secret
        if luck.random() < self._settings.failures:
            return None
        return self.truth(knobs, budget_seconds) + luck.gauss(0.0, self.noise(knobs))

    def _lost(self, knob: str, value: object, budget_seconds: float) -> float:
        """What a knob's value costs against its best one."""
        name = f"{self._settings.seed}/{knob}"
        weight = self._settings.effect * _drawn(f"{name}/weight") ** 3
        if isinstance(value, bool) or not isinstance(value, int | float) or value == 0:
            return weight * _drawn(f"{name}/{value!r}")
        best = OCTAVES * _drawn(f"{name}/best") + self._settings.crossing * math.log2(budget_seconds / BUDGET_SECONDS)
        return weight * (1 - math.cos(2 * math.pi * (math.log2(abs(value)) - best) / OCTAVES)) / 2


@lru_cache(maxsize=1 << 16)
def _drawn(name: str) -> float:
    """A number from 0 to 1 that belongs to a name."""
    return Random(name).random()  # noqa: S311  no secret


def _text(knobs: Mapping[str, Any]) -> str:
    return repr(sorted(knobs.items()))
