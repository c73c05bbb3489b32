"""Stopping runs that are clearly doomed, by the curves of their own stratum.

Schedules tied to the budget make curves cross, and a run that starts slowly may end well. So the rule asks whether a run would
still lose if all went well from here: if it improved by half more than any finished run of the stratum ever did from this
second on, and would still end above the worst replicate of the reference by more than the replicates differ and its own
reports waver, it is stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

FINISHED = 8
"""Finished runs without whose curves nothing is stopped."""
EARLIEST = 0.25
"""Share of the budget before which nothing is stopped."""
MARGIN = 1.5
"""How much more than the best improvement ever seen a run is granted."""
SMOOTHED = 5
"""Reports whose median is taken for the loss at a second: a single batch says little."""

Curve = Sequence[tuple[float, float]]
"""Seconds of training and training loss, in the order of time; less is better."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """Why a run is stopped.

    Attributes:
        reason: A sentence.
        seconds: Of training, when it was judged.
        at_best: The training loss that it could reach, all going well.
        bar: What it would have had to reach.
    """

    reason: str
    seconds: float
    at_best: float
    bar: float


def doomed(curve: Curve, finished: Sequence[Curve], reference: Sequence[Curve], budget_seconds: float) -> Doomed | None:
    """Whether a run can be given up; None to let it go on, which is the answer whenever too little is known.

    Args:
        curve: Of the run, so far.
        finished: Of the scored runs of its stratum, the reference's among them; at least eight.
        reference: Of the reference's replicates; at least two.
        budget_seconds: Of training.
    """
    if len(finished) < FINISHED or len(reference) < 2 or not curve or curve[-1][0] < EARLIEST * budget_seconds:
        return None
    now = curve[-1][0]
    improvements = [_loss(other, now) - _loss(other, budget_seconds) for other in finished if other]
    ends = [_loss(other, budget_seconds) for other in reference if other]
    if len(improvements) < FINISHED or len(ends) < 2:
        return None
    at_best = _loss(curve, now) - MARGIN * max(0.0, *improvements)
    latest = [loss for _, loss in curve[-SMOOTHED:]]
    bar = max(ends) + (max(ends) - min(ends)) + (max(latest) - min(latest))
    if at_best <= bar:
        return None
    reason = (
        f"at {now:.0f} s of {budget_seconds:.0f} its training loss is {_loss(curve, now):.4g}; with {MARGIN} times the best "
        f"improvement of {len(improvements)} finished runs from there it would end at {at_best:.4g}, and the reference ends "
        f"below {bar:.4g}"
    )
    return Doomed(reason, now, at_best, bar)


def _loss(curve: Curve, seconds: float) -> float:
    """The loss at a second: the median of the latest reports up to there, or the first one where none is so early."""
    known = [loss for at, loss in curve if at <= seconds]
    return median(known[-SMOOTHED:]) if known else curve[0][1]
