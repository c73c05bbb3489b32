"""Pace: how many steps a run made in its budget, and what that says of the machine rather than of the source.

Replicates of one source differ in their seed and in what the machine gave them. If a replicate made clearly fewer steps than
the others, the machine was busy: its score is worse for a reason that is neither the seed nor the source. So within a source
the score is regressed on the logarithm of the steps (an analysis of covariance with a common slope: Fisher 1932, "Statistical
Methods for Research Workers", section 49.1), and the score of a replicate that lags is brought to the usual pace of its source.

Between sources nothing is brought to a common pace: a change that makes training slower has to pay for that with its score. The
machine's part of a run's lag is only taken from other runs: replicates of the same source, or the reference's runs that trained
at the same time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, median, median_high

from ...domain import Metric
from .. import student_t

MIN_LAG = -math.log(0.95)
"""A run lags if it made fewer than 95 % of the steps that are usual for its source. Below that, machines differ anyway."""
MAX_LAG = math.log(4.0)
"""A run with less than a quarter of its source's usual steps isn't believed: the experiment itself reports its steps."""
MIN_SHARE = 0.8
"""A run is contended if its share of the processor was less than this part of the reference's usual share."""
MAX_SHARE = 1.05
"""A larger usual share means several processors. How many of them a source uses is its own affair."""
SIGNIFICANCE = 0.05
"""Level of the one-sided test that fewer steps make a score worse, for a slope that verdicts use: four seeds of a source are
to be enough. A slope that isn't there does no harm. It only brings runs that lag to the pace of their source, and takes off a
degree of freedom: a source without a gain is found promising in 2.5 % of cases at this level, at 0.01, and without a slope."""
TOLD_SIGNIFICANCE = 0.01
"""The level at which a reader is told that steps explain the scores. The test is made again with every replicate: of strata in
which steps matter nothing, 5 % see a slope in 24 looks at this level, and 21 % at 0.05 (simulated, as above)."""
MIN_DEGREES = 2
"""Fewer degrees of freedom give no slope. With 2 the test holds its level as well as with more."""


@dataclass(frozen=True, slots=True)
class RunPace:
    """What a run got of the machine.

    Attributes:
        steps: Steps, or tokens, that it trained in its budget.
        began: When it started, as a Unix time.
        ended: When it finished.
        share: CPU seconds of training divided by wall seconds; None if either wasn't measured.
    """

    steps: float
    began: float
    ended: float
    share: float | None = None

    def is_beside(self, other: RunPace) -> bool:
        """Returns whether the other run went on during at least half of this one."""
        overlap = min(self.ended, other.ended) - max(self.began, other.began)
        return self.ended > self.began and overlap >= (self.ended - self.began) / 2


@dataclass(frozen=True, slots=True)
class PacedScore:
    """A score with the pace of its run; None if the run reported no steps."""

    score: float
    pace: RunPace | None


Arm = Sequence[PacedScore]
"""The scores of one source."""


@dataclass(frozen=True, slots=True)
class Slope:
    """What steps are worth within a source.

    Attributes:
        slope: Gain for each unit of log steps, at least 0; 0 if steps explain nothing of the differences between replicates.
        explained: Share of the variance within sources that log steps explain; None if it isn't known.
        sd: Standard deviation of a score between seeds at equal steps; None if it isn't known.
    """

    slope: float = 0.0
    explained: float | None = None
    sd: float | None = None


@dataclass
class Paces:
    """The paces of a stratum.

    Attributes:
        metric: The metric of the scores.
        slope: What steps are worth.
        reference: The reference's runs.
        usual: The reference's usual log steps; None if it has none.
        worst_lag: The largest lag of a replicate behind its own source: what the machine has been seen to take away.
        share: The usual share of the processor of the reference's runs; None if it isn't known.
        lagging: The reference's runs that lag behind its usual pace.
    """

    metric: Metric
    slope: Slope = field(default_factory=Slope)
    reference: Sequence[RunPace] = ()
    usual: float | None = None
    worst_lag: float = 0.0
    share: float | None = None
    lagging: Sequence[RunPace] = ()

    @classmethod
    def measure(cls, metric: Metric, reference: Arm, replicated: Sequence[Arm]) -> Paces:
        """Returns the paces of a stratum.

        Args:
            metric: The metric of the scores.
            reference: The scores of the reference.
            replicated: The sources with at least two scores; the reference is one of them if it has two.
        """
        runs = [row.pace for row in reference if row.pace is not None]
        paces = cls(metric, reference=runs)
        if runs:
            paces.usual = median_high(math.log(run.steps) for run in runs)
            paces.lagging = [run for run in runs if paces.usual - math.log(run.steps) > MIN_LAG]
            shares = [run.share for run in runs if run.share is not None]
            paces.share = median(shares) if shares else None
        lags = [lag for arm in replicated if _differs(arm) for lag in paces.lags(arm)]
        paces.worst_lag = max((lag for lag in lags if lag <= MAX_LAG), default=0.0)
        if paces.worst_lag > MIN_LAG:
            paces.slope = fit_slope(metric, replicated)
        return paces

    def lags(self, arm: Arm) -> list[float]:
        """Returns for each run the log steps that it lacks to the usual pace of its source: the machine's part.

        The usual pace is the upper median of the replicates, because a busy machine only takes steps away. What the reference's
        runs at the same time lacked is added to each run's steps first.
        """
        free = [math.log(row.pace.steps) + self._lag_beside(row.pace) for row in arm if row.pace is not None]
        if not free:
            return [0.0] * len(arm)
        usual = median_high(free)
        return [0.0 if row.pace is None else max(0.0, usual - math.log(row.pace.steps)) for row in arm]

    def at_usual_pace(self, arm: Arm) -> list[float]:
        """Returns the scores of one source, those of runs that lag brought to its usual pace.

        No score gets better than the best one of the source's other runs: steps are reported by the experiment itself.
        """
        scores = [row.score for row in arm]
        if not self.slope.slope:
            return scores
        lags = self.lags(arm)
        others = [score for score, lag in zip(scores, lags, strict=True) if lag <= MIN_LAG]
        best = max(others, key=self._goodness) if others else None
        return [
            self._improved(score, self.slope.slope * lag, best) if MIN_LAG < lag <= MAX_LAG else score
            for score, lag in zip(scores, lags, strict=True)
        ]

    def contended(self, arm: Arm) -> list[bool]:
        """Returns for each run of a source whether it got less of the machine than others did.

        Its share of the processor is compared with that of the source's other runs; with the reference's if there are none.
        """
        shares = [row.pace.share for row in arm if row.pace is not None and row.pace.share is not None]
        usual = median_high(shares) if len(shares) > 1 else self.share
        return [lag > MIN_LAG or _was_starved(row.pace, usual) for row, lag in zip(arm, self.lags(arm), strict=True)]

    def is_slow(self, row: PacedScore) -> bool:
        """Returns whether a run made fewer steps than the reference usually does, on a machine that is known to be unsteady.

        On a steady machine fewer steps are the source's own.
        """
        return self._behind_reference(row) > MIN_LAG and self.worst_lag > MIN_LAG

    def excused(self, row: PacedScore) -> float:
        """Returns the score of a run if its lag behind the reference were the machine's, up to the worst lag seen before."""
        return self._improved(row.score, self.slope.slope * min(self._behind_reference(row), self.worst_lag), None)

    def usual_steps(self) -> float | None:
        """Returns the steps that the reference usually makes; None if it reported none."""
        return None if self.usual is None else math.exp(self.usual)

    def _behind_reference(self, row: PacedScore) -> float:
        return 0.0 if row.pace is None or self.usual is None else self.usual - math.log(row.pace.steps)

    def _lag_beside(self, run: RunPace) -> float:
        """Returns the mean log steps that the reference's runs lacked which trained at the same time; 0 if there were none."""
        if self.usual is None or not any(run.is_beside(other) for other in self.lagging if other is not run):
            return 0.0
        if any(run is other for other in self.reference):  # its lag behind its own source is measured, not assumed
            return 0.0
        beside = [self.usual - math.log(other.steps) for other in self.reference if run.is_beside(other)]
        return lag if beside and (lag := fmean(beside)) > MIN_LAG else 0.0

    def _improved(self, score: float, by: float, best: float | None) -> float:
        improved = score - by if self.metric.direction == "minimize" else score + by
        return improved if best is None else min(improved, best, key=self._goodness) if self._is_better(best, score) else score

    def _goodness(self, score: float) -> float:
        return self.metric.gain(score, 0.0)

    def _is_better(self, score: float, than: float) -> bool:
        return self.metric.gain(score, than) > 0


def fit_slope(metric: Metric, arms: Sequence[Arm], level: float = SIGNIFICANCE) -> Slope:
    """Returns the common slope of scores on log steps within sources, if fewer steps make scores worse beyond chance.

    Args:
        metric: The metric of the scores.
        arms: The scores of each source.
        level: Significance level of the slope.
    """
    squares, products, variation, degrees = 0.0, 0.0, 0.0, -1
    for arm in arms:
        points = _believed([(math.log(row.pace.steps), metric.gain(row.score, 0.0)) for row in arm if row.pace is not None])
        if len(points) < 2:
            continue
        mean_steps, mean_gain = (fmean(values) for values in zip(*points, strict=True))
        squares += math.fsum((steps - mean_steps) ** 2 for steps, _ in points)
        products += math.fsum((steps - mean_steps) * (gain - mean_gain) for steps, gain in points)
        variation += math.fsum((gain - mean_gain) ** 2 for _, gain in points)
        degrees += len(points) - 1
    if degrees < MIN_DEGREES or squares <= 0 or variation <= 0:
        return Slope()
    slope, residual = products / squares, max(0.0, variation - products**2 / squares)
    error = math.sqrt(residual / degrees / squares)
    is_shown = slope > 0 and (error == 0 or student_t.upper_tail(slope / error, degrees) < level)
    explained, sd = 1 - residual / variation, math.sqrt(residual / degrees)
    return Slope(slope, explained, sd) if is_shown else Slope()


def _was_starved(run: RunPace | None, usual_share: float | None) -> bool:
    """Return whether a run got clearly less of its processor than usual; False where runs use several, as each may need."""
    if run is None or run.share is None or usual_share is None:
        return False
    return usual_share <= MAX_SHARE and run.share < MIN_SHARE * usual_share


def _believed(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points, log steps and gain, whose steps are within a factor of four of their median."""
    if not points:
        return []
    middle = median(steps for steps, _ in points)
    return [(steps, gain) for steps, gain in points if abs(steps - middle) <= MAX_LAG]


def _differs(arm: Arm) -> bool:
    steps = [row.pace.steps for row in arm if row.pace is not None]
    return len(steps) > 1 and min(steps) < max(steps)
