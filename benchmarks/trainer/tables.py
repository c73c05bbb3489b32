"""The tables of scores, with differences that are paired by seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from labhand.server.research.student_t import quantile

from .arms import Arm
from .runs import Ledger


def print_quality(arms: Sequence[Arm], seconds: float, ledger: Ledger) -> None:
    """Means of a budget, and differences from the first arm over the seeds that both have, with 95 % intervals."""
    scores = {
        arm.name: {score.seed: score for score in ledger.scores if (score.arm, score.budget) == (arm.name, seconds)}
        for arm in arms
    }
    first = scores[arms[0].name]
    print(f"\n{seconds:g} CPU-s | bpb | steps | tokens a second | of the matmul peak | minus {arms[0].name}, 95 % interval")
    for name, found in scores.items():
        if not found:
            continue
        values = list(found.values())
        line = (
            f"{name} | {fmean(v.bpb for v in values):.3f} | {fmean(v.steps for v in values):.0f} | "
            f"{fmean(v.token_rate for v in values):,.0f} | {fmean(v.peak_share for v in values):.1%}"
        )
        pairs = [found[seed].bpb - first[seed].bpb for seed in found.keys() & first.keys()]
        print(line if found is first else f"{line} | {interval(pairs)}")


def interval(differences: Sequence[float]) -> str:
    """The mean of paired differences with its 95 % interval, by Student's t."""
    if len(differences) < 2:
        return f"{fmean(differences):+.3f} (one pair)" if differences else "no pairs"
    half = quantile(0.975, len(differences) - 1) * stdev(differences) / math.sqrt(len(differences))
    return f"{fmean(differences):+.3f} ± {half:.3f} ({len(differences)} pairs)"
