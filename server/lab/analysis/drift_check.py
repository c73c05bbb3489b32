"""Whether the baseline's scores drift in a stratum, by every run of its source: the lab's own and those of validations."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...research.conditions.drift import Drift, drift
from ...store.comparison import champions, strata
from ..lab import Lab

MAX_RUNS = 500
"""The newest runs of the baseline that are looked at."""


@dataclass(frozen=True, slots=True)
class BaselineDrift:
    """The baseline's runs in a stratum over time.

    Attributes:
        runs: How many there are, at most `MAX_RUNS`.
        scores: The trend of their scores; None if there are too few.
        log_steps: The trend of the logarithm of their steps; None likewise, or if they report no steps.
    """

    runs: int
    scores: Drift | None
    log_steps: Drift | None

    @property
    def line(self) -> str | None:
        """A sentence on the drift for the reader; None if none is suspected."""
        if self.scores is None or not self.scores.suspected:
            return None
        change, hours, p = self.scores.change, 24 * self.scores.days, self.scores.p
        line = f"the baseline's scores drift: {change:+.2g} in {hours:.2g} h, {self.runs} runs (p {p:.1g})"
        if self.log_steps is not None and self.log_steps.suspected:
            line += f", and its steps by {100 * math.expm1(self.log_steps.change):+.0f} %: the machine's speed changes"
        return f"{line}. Check the machine, the driver and the data before you trust a gain"


async def check_drift(lab: Lab, stratum: int) -> BaselineDrift:
    """Return how the baseline's scores and steps changed with time in a stratum."""
    baseline = await champions.baseline(lab.db)
    if baseline is None:
        return BaselineDrift(0, None, None)
    runs = await strata.baseline_runs(lab.db, stratum, baseline.tree, MAX_RUNS)
    paced = [(run.finished_at, math.log(run.pace.steps)) for run in runs if run.pace is not None]
    return BaselineDrift(
        len(runs),
        drift([run.finished_at for run in runs], [run.score for run in runs]),
        drift([time for time, _ in paced], [steps for _, steps in paced]),
    )
