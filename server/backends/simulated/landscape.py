"""A synthetic landscape: the score of a source as a function of its knobs, for simulated runs.

Every knob with a numeric value has a best value that recurs every four octaves, so that one lies near any value that a trainer
may have. A knob without a numeric value costs a random amount for each of its values. A few knobs matter much, most of them
hardly. Code has no effect: a change of code has the mean score of its knobs, and its own random deviation from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from random import Random
from typing import Any

from ...pool_settings import SimulatedPool

OCTAVES = 4.0
"""Distance between one best value of a knob and the next."""
BUDGET_SECONDS = 300.0
"""The budget at which the best score is 1."""
LEARNING = 0.03
"""The power of the budget by which scores fall."""
NOISIER = 3.0
"""Factor of the standard deviation of a noisy configuration."""


class Landscape:
    """The mean score of each source, and the noise around it. Less is better.

    Args:
        settings: The settings of the pool.
    """

    def __init__(self, settings: SimulatedPool) -> None:
        self._settings = settings

    def truth(self, knobs: Mapping[str, Any], budget_seconds: float = BUDGET_SECONDS) -> float:
        """Return the mean score over all seeds: 1 at the best values of all knobs, for 300 seconds and without an offset."""
        lost = math.fsum(self._lost(knob, value, budget_seconds) for knob, value in knobs.items())
        return math.exp(-LEARNING * math.log(budget_seconds / BUDGET_SECONDS)) + lost + self._settings.offset

    def noise(self, knobs: Mapping[str, Any]) -> float:
        """Return the standard deviation of the score between seeds."""
        noisy = self._settings.noisier and _drawn(f"{self._settings.seed}/noisy/{_text(knobs)}") < self._settings.noisier
        return self._settings.noise * (NOISIER if noisy else 1.0)

    def score(self, knobs: Mapping[str, Any], seed: int, source: str, budget_seconds: float = BUDGET_SECONDS) -> float | None:
        """Return the score of one run; None if the run fails. The same arguments always have the same score.

        Args:
            knobs: The values of the source's knobs.
            seed: The run's seed.
            source: The name of the source, so that two sources differ under one seed.
            budget_seconds: Seconds of training.
        """
        luck = Random(f"{self._settings.seed}/{self._settings.gpu}/{budget_seconds:g}/{seed}/{source}")  # noqa: S311  no secret
        if luck.random() < self._settings.failures:
            return None
        return self.truth(knobs, budget_seconds) + luck.gauss(0.0, self.noise(knobs))

    def _lost(self, knob: str, value: object, budget_seconds: float) -> float:
        """Return how much worse the score is with this value than with the knob's best value."""
        name = f"{self._settings.seed}/{knob}"
        weight = self._settings.effect * _drawn(f"{name}/weight") ** 3
        if isinstance(value, bool) or not isinstance(value, int | float) or value == 0:
            return weight * _drawn(f"{name}/{value!r}")
        best = OCTAVES * _drawn(f"{name}/best") + self._settings.crossing * math.log2(budget_seconds / BUDGET_SECONDS)
        return weight * (1 - math.cos(2 * math.pi * (math.log2(abs(value)) - best) / OCTAVES)) / 2


@lru_cache(maxsize=1 << 16)
def _drawn(name: str) -> float:
    """Return a number from 0 to 1 that depends on the name alone."""
    return Random(name).random()  # noqa: S311  no secret


def _text(knobs: Mapping[str, Any]) -> str:
    return repr(sorted(knobs.items()))
