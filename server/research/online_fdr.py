"""Online control of the false discovery rate over the sequence of all validations of a lab.

LORD++ (Ramdas, Yang, Wainwright and Jordan 2017, "Online control of the false discovery rate with decaying memory"): each test
has its own level, which depends on the confirmations that were known when it began. For any number and order of candidates, the
expected share of false ones among the confirmed stays below 5 %. If no candidate has a gain, the probability of confirming at
least one stays below 2.5 %. Tests may overlap: a confirmation counts from the moment at which it is known (LORD* of Zrnic,
Ramdas and Jordan 2021, "Asynchronous online testing of multiple hypotheses", JMLR 22(33)).

The history of tests is the only state, so anyone can compute a level again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

FALSE_DISCOVERIES = 0.05
"""The target for the expected share of false ones among the confirmed candidates."""


def level(
    test: int, confirmations: Sequence[int], rate: float = FALSE_DISCOVERIES, initial: float = FALSE_DISCOVERIES / 2
) -> float:
    """Returns the significance level of a test. It is fixed when the test is launched.

    Test t has w0 g(t) + (rate - w0) g(t - r1) + rate · Σ g(t - rj) over j ≥ 2, with r1 ≤ r2 ≤ … the confirmations.

    Args:
        test: Its position t among all tests ever launched, from 1. A test that ended without a verdict keeps its position.
        confirmations: For each confirmation that is known at launch, the number of tests that had been launched when it became
            known. If tests don't overlap, that is the position of the confirmed one.
        rate: The target for the false discovery rate.
        initial: w0, at most `rate`: the wealth before the first confirmation.

    Raises:
        ValueError: A confirmation counts more tests than precede this one.
    """
    ordered = sorted(confirmations)
    if test < 1 or (ordered and not 1 <= ordered[0] <= ordered[-1] < test):
        raise ValueError(f"test {test} can't depend on confirmations {ordered}: each must be at least 1 and below {test}")
    earned = [(rate if place else rate - initial) * _share(test - when) for place, when in enumerate(ordered)]
    return initial * _share(test) + math.fsum(earned)


def _share(age: int) -> float:
    """g(j) = 0.07720838 log(max(j, 2)) / (j exp(√(log j))), which sums to less than 1 (Javanmard and Montanari 2018)."""
    return 0.07720838 * math.log(max(age, 2)) / (age * math.exp(math.sqrt(math.log(age))))
