"""Stopping runs that are clearly doomed, by the curves of their own stratum.

Schedules tied to the budget make curves cross, and a run that starts slowly may end well. So the rule asks whether a run would
still lose if all went well from here: if it improved by half more than any finished run of the stratum ever did from this
second on, and would still end above the worst end of those that scored as well as the reference, by more than their ends
differ and its own reports waver, it is stopped. A run whose loss begins elsewhere than others' does counts it otherwise, and
isn't compared with them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

FINISHED = 8
"""Finished runs without whose curves nothing is stopped."""
EARLIEST = 0.25
"""Share of the budget before which nothing is stopped, unless it explodes."""
MARGIN = 1.5
"""How much more than the best improvement ever seen a run is granted."""
SMOOTHED = 5
"""Reports whose median is taken for the loss at a second: a single batch says little."""
ALIKE = 0.1
"""Share by which the first report may lie outside of others' for the loss to be the same one."""
EXPLODED = 3.0
"""Times the highest loss that a run began with, above which there is nothing left to train."""

Curve = Sequence[tuple[float, float]]
"""Seconds of training and training loss, in the order of time; less is better."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """Why a run is stopped.

    Attributes:
        reason: A sentence.
        seconds: Of training, when it was judged.
    """

    reason: str
    seconds: float


def doomed(curve: Curve, finished: Sequence[Curve], good: Sequence[Curve], budget_seconds: float) -> Doomed | None:
    """Whether a run can be given up; None to let it go on, which is the answer whenever too little is known.

    Args:
        curve: Of the run: its first report, and at least the latest ones.
        finished: Of the scored runs of its stratum, the good ones among them; at least eight.
        good: Of those that scored no worse than the reference's worst replicate, all replicates among them; at least two.
        budget_seconds: Of training.
    """
    finished = [other for other in finished if other]
    if not curve:
        return None
    return _exploded(curve, finished) or _out_of_reach(curve, finished, [other for other in good if other], budget_seconds)


def _exploded(curve: Curve, finished: Sequence[Curve]) -> Doomed | None:
    """Whether the latest reports lie far above every loss that a run began with."""
    latest = [loss for _, loss in curve[1:][-SMOOTHED:]]
    highest = max(curve[0][1], *(other[0][1] for other in finished), 0.0)
    if len(latest) < SMOOTHED or min(latest) <= EXPLODED * highest:
        return None
    now = curve[-1][0]
    reason = f"exploded: at {now:.0f} s its training loss is {median(latest):.4g}, and runs begin at {highest:.4g} at the most"
    return Doomed(reason, now)


def _out_of_reach(curve: Curve, finished: Sequence[Curve], good: Sequence[Curve], budget_seconds: float) -> Doomed | None:
    now = curve[-1][0]
    if len(finished) < FINISHED or len(good) < 2 or now < EARLIEST * budget_seconds or not _begins_alike(curve, finished):
        return None
    improvement = max(0.0, *(_loss(other, now) - _loss(other, budget_seconds) for other in finished))
    ends = [_loss(other, budget_seconds) for other in good]
    latest = [loss for _, loss in curve[-SMOOTHED:]]
    at_best = median(latest) - MARGIN * improvement
    bar = max(ends) + (max(ends) - min(ends)) + (max(latest) - min(latest))
    if at_best <= bar:
        return None
    reason = (
        f"doomed: at {now:.0f} s of {budget_seconds:.0f} its training loss is {median(latest):.4g}; with {MARGIN} times the"
        f" best improvement of {len(finished)} finished runs from there it would end at {at_best:.4g}, and what scores like"
        f" the reference ends below {bar:.4g}"
    )
    return Doomed(reason, now)


def _begins_alike(curve: Curve, finished: Sequence[Curve]) -> bool:
    """Whether a run's loss begins where others' do, as the same loss of models that know nothing does."""
    begins = [other[0][1] for other in finished]
    room = ALIKE * max(map(abs, begins))
    return min(begins) - room <= curve[0][1] <= max(begins) + room


def _loss(curve: Curve, seconds: float) -> float:
    """The loss at a second: the median of the latest reports up to there, or the first one where none is so early."""
    known = bisect_right(curve, seconds, key=lambda point: point[0])
    return median(loss for _, loss in curve[max(0, known - SMOOTHED) : known]) if known else curve[0][1]
