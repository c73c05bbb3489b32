"""Which tests have too few pairs for the gain that their candidate has."""

from __future__ import annotations

from ...domain import Experiment
from ...research import paired_test
from ...research.noise import Noise
from ..results.experiment_rows import significant
from ..results.validation_rows import DIGITS

PAIRS_TO_TRY = (6, 8, 12, 16, 24, 32, 48, 64)
"""Numbers of pairs that a note may suggest."""


def gain_to_show(prior: tuple[float, float] | None, pairs: int, level: float) -> float | None:
    """Return the smallest mean gain that a test can show at the noise so far; None while that isn't known."""
    return None if prior is None else significant(paired_test.needed_gain(pairs, level, Noise(*prior)), DIGITS)


def note_on_pairs(candidate: Experiment, prior: tuple[float, float] | None, pairs: int, level: float) -> str:
    """Return that a test can hardly show its candidate's gain, with the number of pairs that could; empty if it can.

    Args:
        candidate: The experiment that is tested.
        prior: The noise of a difference as known before the test: standard deviation and degrees of freedom.
        pairs: Of the test.
        level: The significance level of the test.
    """
    gain = candidate.gain
    if prior is None or gain is None or gain <= 0:
        return ""
    noise = Noise(*prior)
    needed = paired_test.needed_gain(pairs, level, noise)
    if gain >= needed:
        return ""
    can_show = (more for more in PAIRS_TO_TRY if paired_test.needed_gain(more, level, noise) <= gain)
    remedy = f"replicates={more} could" if (more := next(can_show, 0)) else "more pairs hardly help"
    return (
        f"{candidate.id} has a gain of {significant(gain, DIGITS)}, and {pairs} pairs can show"
        f" {significant(needed, DIGITS)} or more at this noise and level: {remedy}"
    )
