"""The campaign as the article's example runs it: one `sky.exec` an experiment, from a script that polls.

The script keeps at most two experiments waiting on each cluster, beside those that run, as its agent was told to; it looks at
every queue in turn, and copies the trainer's folder for each experiment.
"""

from __future__ import annotations

import time
from pathlib import Path

from tests.slurm.bed import skypilot
from tests.slurm.bed.places import INSIDE

from .campaign import GPUS, shares

AHEAD = 2
POLL_SECONDS = 5.0
OVER = {"SUCCEEDED", "FAILED", "FAILED_SETUP", "FAILED_DRIVER", "CANCELLED"}
EXPERIMENT = """\
mkdir -p {folder} && cp -r {trainer} {folder}/work && cd {folder}/work
LABHAND_SEED={number} LABHAND_BUDGET_SECONDS={seconds:g} {python} train.py
"""


def run(experiments: int, seconds: float, trainer: Path, python: Path) -> None:
    """Run a campaign to its end, and give up its clusters."""
    left = shares(experiments)
    clusters = {f"article-{gpu.lower()}": gpu for gpu in GPUS}
    for cluster, gpu in clusters.items():
        skypilot.launch(cluster, gpu, GPUS[gpu])
    busy = dict.fromkeys(clusters, True)
    while any(busy.values()):
        for cluster, gpu in clusters.items():
            states = skypilot.states(cluster)
            going = sum(state not in OVER for state in states.values())
            for _ in range(min(left[gpu], GPUS[gpu] + AHEAD - going)):
                number = left[gpu]
                folder = INSIDE / "shared" / "article" / cluster / "runs" / str(number)
                command = EXPERIMENT.format(folder=folder, trainer=trainer, number=number, seconds=seconds, python=python)
                skypilot.start(cluster, gpu, command)
                left[gpu] -= 1
            busy[cluster] = bool(left[gpu] or going)
        time.sleep(POLL_SECONDS)
    for cluster in clusters:
        skypilot.down(cluster)
