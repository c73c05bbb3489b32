"""What the built-in trainer learns in a CPU second, beside other recipes: `python -m benchmarks.trainer`.

Every run has one thread and a budget of CPU time. The arms of a seed run side by side, pinned to one core, and take turns
there: whatever else the machine does meets all of them. Differences are paired by seed.
"""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path
from statistics import fmean, stdev

from labhand.server.research.student_t import quantile

from .arms import Arm, UnknownArmError, parse_arm
from .runs import Ledger, run_together

USUAL = (
    "default",
    "pieces=default;SMEAR=True;BIGRAM_ROWS=65536",
    "autoresearch",
    "autoresearch_2=autoresearch;DEPTH=2",
    "plain_gpt",
)
"""Arms: the built-in trainer as it is and with its best pieces on, and the others' recipes."""


def main() -> None:
    """Run what is missing in the file of results, then print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trainer", description=__doc__)
    parser.add_argument("--arms", nargs="+", default=USUAL, metavar="NAME=SCRIPT;KNOB=VALUE")
    parser.add_argument("--budgets", nargs="+", type=float, default=[10, 20, 30, 60], help="CPU seconds")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--results", type=Path, default=Path("trainer-runs.jsonl"), help="goes on from there if it exists")
    parser.add_argument("--print-only", action="store_true", help="run nothing")
    options = parser.parse_args()
    arms, ledger = [parse_arm(text) for text in options.arms], Ledger(options.results)
    try:
        for arm in arms:
            arm.source()
    except UnknownArmError as error:
        parser.error(str(error))
    if not options.print_only:
        for seed in range(1, options.seeds + 1):
            for budget in options.budgets:
                _run_missing(arms, budget, seed, options.core, ledger)
    for budget in options.budgets:
        _print_table(arms, budget, ledger)


def _run_missing(arms: list[Arm], budget: float, seed: int, core: int, ledger: Ledger) -> None:
    missing = [arm for arm in arms if not ledger.has(arm.name, budget, seed)]
    for score in run_together(missing, budget, seed, core):
        ledger.add(score)
        print(f"{budget:g} s, seed {seed}, {score.arm}: {score.bpb:.4f}, {score.steps} steps", flush=True)


def _print_table(arms: list[Arm], budget: float, ledger: Ledger) -> None:
    """Means, and differences from the first arm over the seeds that both have, with 95 % intervals."""
    scores = {
        arm.name: {score.seed: score for score in ledger.scores if (score.arm, score.budget) == (arm.name, budget)}
        for arm in arms
    }
    first = scores[arms[0].name]
    print(f"\n{budget:g} CPU-s | bpb | steps | minus {arms[0].name}, 95 % interval")
    for name, found in scores.items():
        if not found:
            continue
        values = list(found.values())
        line = f"{name} | {fmean(v.bpb for v in values):.3f} | {fmean(v.steps for v in values):.0f}"
        pairs = [found[seed].bpb - first[seed].bpb for seed in found.keys() & first.keys()]
        print(line if found is first else f"{line} | {_interval(pairs)}")


def _interval(pairs: list[float]) -> str:
    if len(pairs) < 2:
        return f"{fmean(pairs):+.3f} (one pair)" if pairs else "no pairs"
    half = quantile(0.975, len(pairs) - 1) * stdev(pairs) / math.sqrt(len(pairs))
    return f"{fmean(pairs):+.3f} ± {half:.3f} ({len(pairs)} pairs)"


if __name__ == "__main__":
    main()
