"""How much of sixteen GPUs' time trains, on the test bed: a campaign of labhand's, and beside it the same as a script runs it.

Run: python -m tests.slurm.bed run python -m benchmarks.utilisation [--seconds 120] [--experiments 160] [--way labhand]
Needs root, and twice `experiments / 16 * seconds`. A training holds a GPU and sleeps, so that two cores carry sixteen.
Target: a scheduling efficiency of 97 % at 120 s.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.slurm.bed.control import this_bed
from tests.slurm.bed.places import REPOSITORY
from tests.slurm.bed.records import Job
from tests.slurm.bed.witness import Witness

from . import article, lab
from .campaign import GPUS, Campaign, EndedSpan, Held
from .cost import Usage, api_calls, usage

SLEEPER = REPOSITORY / "tests/trainers/sleeper"
TARGET = 0.97
LONG_SECONDS = 300.0
"""Of the original's training, and of the built-in trainer's."""
AROUND_SECONDS = 26.0
"""Of the original's start-up and evaluation together, on its GPUs."""
STARTUP_SECONDS, EVALUATION_SECONDS = 27.6, 15.4
"""Of the built-in trainer on an H200, as docs/trainers.md has them: no GPU is used here, so they can't be measured."""
LOOK_SECONDS = 1.0
WAYS = {"labhand": lab.run, "script": article.run}


def main() -> None:
    """Run and compare."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=120.0)
    options.add_argument("--experiments", type=int, default=160)
    options.add_argument("--way", choices=tuple(WAYS))
    chosen = options.parse_args()
    campaigns: dict[str, Campaign] = {}
    for way in WAYS:
        if chosen.way in {None, way}:
            campaigns[way] = watched(way, chosen.experiments, chosen.seconds)
            print(f"{way}, {chosen.seconds:g} s of training each:", *campaigns[way].lines(), sep="\n", flush=True)
    if ours := campaigns.get("labhand"):
        print(*at_length(ours), sep="\n")
        print(f"scheduling efficiency {ours.efficiency:.1%}; the target is {TARGET:.0%}")
    if len(campaigns) > 1:
        ratio = campaigns["labhand"].useful_share / campaigns["script"].useful_share
        print(f"useful share {ratio:.2f} times the script's")


def watched(way: str, experiments: int, seconds: float) -> Campaign:
    """Run a campaign in a process of its own, and see what there is to see of it."""
    bed = this_bed()
    with tempfile.TemporaryDirectory() as place, Witness() as witness:
        root = Path(place)
        shutil.copytree(SLEEPER, root / "sleeper")
        calls, started_at = api_calls(), time.time()
        process = multiprocessing.get_context("spawn").Process(target=WAYS[way], args=(root, experiments, seconds, bed.python))
        process.start()
        jobs: dict[str, Job] = {}
        used = Usage(0.0, 0)
        while process.is_alive():
            jobs |= {job.id: job for job in bed.jobs() if job.started is not None}
            used = used.most(usage(_session(root, process.pid)))
            process.join(LOOK_SECONDS)
        assert process.exitcode == 0, f"the campaign ended with {process.exitcode}"
        jobs |= {job.id: job for job in bed.ended_jobs() if job.id in jobs}
        seen = witness.spans()
    spans = [EndedSpan(span.cluster, span.gpu, span.began, span.ended) for span in seen if span.ended is not None]
    return Campaign(started_at, spans, len(seen) - len(spans), _held(jobs.values(), spans), api_calls() - calls, used)


def _session(root: Path, process: int | None) -> int:
    """The session of what runs the campaign: the lab's dispatcher, or else the script."""
    lock = root / ".labhand/dispatcher.lock"
    holder = lock.read_text("utf-8") if lock.is_file() else ""
    return int(holder or process or 0)


def _held(jobs: Iterable[Job], spans: Sequence[EndedSpan]) -> list[Held]:
    last = max(span.ended for span in spans)
    return [Held(GPUS[job.node.upper()], min(job.ended or last, last) - job.started) for job in jobs if job.started is not None]


def at_length(campaign: Campaign) -> list[str]:
    """The useful share at the original's length of training, step by step."""
    gap = statistics.median(campaign.gaps())
    lines = [f"useful share at {LONG_SECONDS:.0f} s of training, were start-up and evaluation what they are on GPUs:"]
    for what, beside in (
        ("the original's", AROUND_SECONDS),
        ("the built-in trainer's", STARTUP_SECONDS + EVALUATION_SECONDS),
        ("its next start beside the evaluation", max(STARTUP_SECONDS, EVALUATION_SECONDS)),
    ):
        share = LONG_SECONDS / (LONG_SECONDS + beside + gap)
        lines.append(f"  {what:37} {LONG_SECONDS:.0f} / ({LONG_SECONDS:.0f} + {beside:.1f} + {gap:.1f}) = {share:.1%}")
    return lines


if __name__ == "__main__":
    main()
