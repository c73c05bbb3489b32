"""Early stopping of runs that can't end well, judged by the training curves of their stratum.

Schedules that depend on the budget make curves cross, so a run that starts slowly may end well. The rule therefore assumes the
best case: from now on the run improves 1.5 times as much as any finished run of the stratum did from this second on. The run is
stopped if it would still end above the worst end of the runs that scored as well as the reference, by more than those ends
differ and its own reports vary. A run whose loss begins at another value than that of other runs measures something else, and
isn't compared with them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MIN_FINISHED = 8
"""With fewer finished curves, no run is stopped."""
MIN_BUDGET_SHARE = 0.25
"""Share of the budget before which no run is stopped, unless its loss explodes."""
MARGIN = 1.5
"""Factor on the best improvement of any finished run, which is assumed for the rest of the run."""
SMOOTHING_WINDOW = 5
"""Number of reports whose median is the loss at a second, because a single batch says little."""
FIRST_LOSS_TOLERANCE = 0.1
"""Share by which the first report may lie outside the range of other runs' first reports."""
EXPLOSION_FACTOR = 3.0
"""A run whose loss is this many times the highest first loss of any run is stopped."""

Curve = Sequence[tuple[float, float]]
"""Seconds of training and training loss, in order of time; lower is better."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """Why a run is stopped.

    Attributes:
        reason: A sentence for the reader.
        seconds: Seconds of training at the decision.
    """

    reason: str
    seconds: float


def doomed(curve: Curve, finished: Sequence[Curve], good: Sequence[Curve], budget_seconds: float) -> Doomed | None:
    """Returns why a run should be stopped, or None to let it go on. It goes on if too little is known.

    Args:
        curve: The run's curve: its first report, and at least the latest ones.
        finished: Curves of the scored runs of its stratum, including the good ones. Fewer than eight stop nothing.
        good: Curves of the runs that scored no worse than the reference's worst replicate, including all replicates. Fewer than
            two stop nothing.
        budget_seconds: Budget of training.
    """
    finished = [other for other in finished if other]
    if not curve:
        return None
    return _exploded(curve, finished) or _out_of_reach(curve, finished, [other for other in good if other], budget_seconds)


def _exploded(curve: Curve, finished: Sequence[Curve]) -> Doomed | None:
    """Returns a reason if the latest reports are far above the first loss of every run."""
    latest = [loss for _, loss in curve[1:][-SMOOTHING_WINDOW:]]
    highest = max(curve[0][1], *(other[0][1] for other in finished), 0.0)
    if len(latest) < SMOOTHING_WINDOW or min(latest) <= EXPLOSION_FACTOR * highest:
        return None
    now = curve[-1][0]
    reason = f"exploded: at {now:.0f} s its training loss is {median(latest):.4g}, and runs begin at {highest:.4g} at most"
    return Doomed(reason, now)


def _out_of_reach(curve: Curve, finished: Sequence[Curve], good: Sequence[Curve], budget_seconds: float) -> Doomed | None:
    now = curve[-1][0]
    if (
        len(finished) < MIN_FINISHED
        or len(good) < 2
        or now < MIN_BUDGET_SHARE * budget_seconds
        or not _begins_alike(curve, finished)
    ):
        return None
    improvement = max(0.0, *(_loss(other, now) - _loss(other, budget_seconds) for other in finished))
    ends = [_loss(other, budget_seconds) for other in good]
    latest = [loss for _, loss in curve[-SMOOTHING_WINDOW:]]
    at_best = median(latest) - MARGIN * improvement
    bar = max(ends) + (max(ends) - min(ends)) + (max(latest) - min(latest))
    if at_best <= bar:
        return None
    reason = (
        f"doomed: at {now:.0f} s of {budget_seconds:.0f} its training loss is {median(latest):.4g}; with {MARGIN} times the"
        f" best improvement of {len(finished)} finished runs from there it would end at {at_best:.4g}, and runs that score like"
        f" the reference end below {bar:.4g}"
    )
    return Doomed(reason, now)


def _begins_alike(curve: Curve, finished: Sequence[Curve]) -> bool:
    """Whether a run's first loss is near those of other runs: untrained models have similar values of the same loss."""
    first_losses = [other[0][1] for other in finished]
    tolerance = FIRST_LOSS_TOLERANCE * max(map(abs, first_losses))
    return min(first_losses) - tolerance <= curve[0][1] <= max(first_losses) + tolerance


def _loss(curve: Curve, seconds: float) -> float:
    """The loss at a second: the median of the latest reports up to then, or the first report if none is that early."""
    count = bisect_right(curve, seconds, key=lambda point: point[0])
    return median(loss for _, loss in curve[max(0, count - SMOOTHING_WINDOW) : count]) if count else curve[0][1]
