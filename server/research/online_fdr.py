"""The lab's validations as one stream of tests, under online control of the false discovery rate.

LORD++ (Ramdas, Yang, Wainwright and Jordan 2017, "Online control of the false discovery rate with decaying memory"): each test
has a level of its own, which depends on the confirmations that were known before it began. However many candidates are tested,
and in whatever order, the expected share of false ones among those confirmed stays below 5 %; while all candidates are null,
the chance of confirming any stays below 2.5 %. Tests may overlap: a confirmation counts from the moment it is known (LORD* of
Zrnic, Ramdas and Jordan 2021, "Asynchronous online testing of multiple hypotheses", JMLR 22(33)).

The state is the history: nothing else is kept, and anyone can recompute a level from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

FALSE_DISCOVERIES = 0.05
"""The expected share of false ones among what is confirmed."""


def level(
    test: int, confirmations: Sequence[int], rate: float = FALSE_DISCOVERIES, initial: float = FALSE_DISCOVERIES / 2
) -> float:
    """The level at which a test is held, fixed when it is launched.

    Test t has w0 g(t) + (rate - w0) g(t - r1) + rate · Σ g(t - rj) over j ≥ 2, with r1 ≤ r2 ≤ … the confirmations.

    Args:
        test: Its position t among all tests ever launched, from 1. One that never came to a verdict keeps its place.
        confirmations: For each confirmation known when the test is launched: how many tests had been launched when it became
            known. Where tests don't overlap that is the position of the confirmed one.
        rate: The expected share of false ones among the confirmed.
        initial: w0, at most the rate: what is staked before the first confirmation.

    Raises:
        ValueError: A confirmation counts more tests than went before this one.
    """
    known = sorted(confirmations)
    if test < 1 or (known and not 1 <= known[0] <= known[-1] < test):
        raise ValueError(f"test {test} can't know of confirmations {known}")
    earned = [(rate if place else rate - initial) * _share(test - when) for place, when in enumerate(known)]
    return initial * _share(test) + math.fsum(earned)


def _share(age: int) -> float:
    """g(j) = 0.07720838 log(max(j, 2)) / (j exp(√(log j))), which sums to less than 1 (Javanmard and Montanari 2018)."""
    return 0.07720838 * math.log(max(age, 2)) / (age * math.exp(math.sqrt(math.log(age))))
