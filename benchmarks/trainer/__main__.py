"""What the built-in trainer learns in a CPU second, beside other recipes: `python -m benchmarks.trainer`.

Every run has one thread and a budget of CPU time. The arms of a seed run side by side, pinned to one core, and take turns
there: whatever else the machine does meets all of them. Differences are paired by seed. Three parts: `quality` (bits per byte,
tokens a second, share of the matmul peak), `steps` (where the time of a step goes) and `starts` (process to first step).
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from labhand.trainer.contract.starting.fork_server import ForkServer

from . import phases, starts
from .arms import Arm, UnknownArmError, parse_arm
from .runs import Ledger, run_together
from .tables import print_quality

USUAL = (
    "default",
    "pieces=default;SMEAR=True;BIGRAM_ROWS=65536",
    "autoresearch",
    "plain_gpt",
)
"""Arms: the built-in trainer as it is and with its best pieces on, and the others' recipes at their best sizes."""
PARTS = ("quality", "steps", "starts")
STEPS_SECONDS = 6.0
STARTS = 2


def main() -> None:
    """Measure the parts that were asked for, and print their tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trainer", description=__doc__)
    parser.add_argument("--arms", nargs="+", default=USUAL, metavar="NAME=SCRIPT;KNOB=VALUE")
    parser.add_argument("--seconds", nargs="+", type=float, default=[10, 20, 30, 60], help="CPU seconds of training")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--results", type=Path, default=Path("trainer-runs.jsonl"), help="goes on from there if it exists")
    options = parser.parse_args()
    arms = [parse_arm(text) for text in options.arms]
    try:
        for arm in arms:
            arm.source()
    except UnknownArmError as error:
        parser.error(str(error))
    if "quality" in options.parts:
        _print_quality(arms, options.seconds, options.seeds, options.core, Ledger(options.results))
    if "steps" in options.parts:
        _print_steps(arms, options.core)
    if "starts" in options.parts:
        _print_starts(arms, options.core)


def _print_quality(arms: list[Arm], budgets: list[float], seeds: int, core: int, ledger: Ledger) -> None:
    for seed in range(1, seeds + 1):
        for seconds in budgets:
            _run_missing(arms, seconds, seed, core, ledger)
    for seconds in budgets:
        print_quality(arms, seconds, ledger)


def _run_missing(arms: list[Arm], seconds: float, seed: int, core: int, ledger: Ledger) -> None:
    missing = [arm for arm in arms if not ledger.has(arm.name, seconds, seed)]
    for score in run_together(missing, seconds, seed, core):
        ledger.add(score)
        print(f"{seconds:g} s, seed {seed}, {score.arm}: {score.bpb:.4f}, {score.steps} steps", flush=True)


def _print_steps(arms: list[Arm], core: int) -> None:
    print(f"\nms of a step | {' | '.join(phases.PHASES)} | all")
    for arm, found in zip(arms, phases.measure(arms, STEPS_SECONDS, core), strict=True):
        columns = [found[phase] for phase in phases.PHASES]
        print(f"{arm.name} | {' | '.join(f'{each:.2f}' for each in [*columns, sum(columns)])}")


def _print_starts(arms: list[Arm], core: int) -> None:
    print(f"\nfirst step after, CPU seconds (wall clock) | {' | '.join(starts.KINDS)}")
    for arm in arms:
        kinds = [[start(arm, core) for _ in range(STARTS)] for start in starts.KINDS.values()]
        cells = [f"{min(each['cpu'] for each in kind):.2f} ({min(each['wall'] for each in kind):.2f})" for kind in kinds]
        print(f"{arm.name} | {' | '.join(cells)}")
    server = ForkServer(sys.executable, cores=1)
    try:
        starts.by_fork_server(core, server)  # until it has loaded torch
        pairs = [(starts.in_the_lab(core), starts.by_fork_server(core, server)) for _ in range(STARTS)]
    finally:
        server.close()
    for what, runs in zip(("in new processes", "in forks"), zip(*pairs, strict=True), strict=True):
        least = {name: min(run[name] for run in runs) for name in runs[0]}
        print(f"a run of the lab {what}, seconds: " + ", ".join(f"{name} {least[name]:.2f}" for name in least))


if __name__ == "__main__":
    main()
