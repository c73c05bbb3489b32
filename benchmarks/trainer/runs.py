"""Runs of training scripts, each in a forked process that has torch loaded, scored as the evaluator scores."""

from __future__ import annotations

import json
import os
import runpy
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from labhand.trainer.contract.trainer_toml.trainer_file import read_trainer
from labhand.trainer.data.corpus import load_corpus
from labhand.trainer.evaluator.evaluate import MAX_BATCH_ROWS, TOKENS, bits_per_byte, fixed_rows, nats

from .arms import Arm


@dataclass(frozen=True, slots=True)
class Score:
    """What a run came to.

    Attributes:
        arm: Its name.
        budget: CPU seconds of training.
        seed: Of the run.
        bpb: Bits per byte of the evaluator's validation tokens.
        steps: Optimizer steps.
    """

    arm: str
    budget: float
    seed: int
    bpb: float
    steps: int


def run_together(arms: Sequence[Arm], budget: float, seed: int, core: int) -> list[Score]:
    """Train arms side by side on one core, each in a process of its own, and score them.

    They take turns of milliseconds there, so that whatever else the machine does meets all of them alike: one after the other,
    the same run has made between 339 and 481 steps in ten CPU seconds.

    Raises:
        RuntimeError: A run failed; its output is above.
    """
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place) / arm.name for arm in arms]
        children = [_start(arm, folder, budget, seed, core) for arm, folder in zip(arms, folders, strict=True)]
        ends = [os.waitpid(child, 0)[1] for child in children]
        for arm, folder, status in zip(arms, folders, ends, strict=True):
            if status:
                sys.stderr.write((folder / "log").read_text("utf-8")[-4000:])
                raise RuntimeError(f"a run of {arm.name} failed with status {status}")
        results = [json.loads((folder / "score.json").read_text("utf-8")) for folder in folders]
        return [Score(arm.name, budget, seed, **result) for arm, result in zip(arms, results, strict=True)]


def _start(arm: Arm, folder: Path, budget: float, seed: int, core: int) -> int:
    arm.lay_out(folder)
    child = os.fork()
    if child == 0:
        os._exit(_in_child(folder, budget, seed, core))
    return child


def _in_child(folder: Path, budget: float, seed: int, core: int) -> int:
    try:
        with (folder / "log").open("w", encoding="utf-8", buffering=1) as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            sys.stdout = sys.stderr = log
            os.sched_setaffinity(0, {core})
            torch.set_num_threads(1)
            os.environ |= {"LABHAND_BUDGET_SECONDS": str(budget), "LABHAND_SEED": str(seed), "CUDA_VISIBLE_DEVICES": ""}
            sys.argv = [str(folder / "train.py")]
            script = runpy.run_path(sys.argv[0], run_name="__main__")
            steps = [int(line.split("step ")[1].split(",")[0]) for line in (folder / "log").open("r") if "step " in line][-1]
            (folder / "score.json").write_text(json.dumps({"bpb": score(script, folder), "steps": steps}), "utf-8")
    except BaseException:  # noqa: BLE001 - the boundary of the process, which must not return into its parent's code
        (folder / "log").open("a", encoding="utf-8").write(traceback.format_exc())
        return 1
    return 0


def score(script: Mapping[str, Any], folder: Path) -> float:
    """Bits per byte of the model in a folder, over the tokens that the evaluator scores on a CPU."""
    model = script["build_model"](json.loads((folder / "config.json").read_text("utf-8")))
    model.load_state_dict(torch.load(folder / "model.pt", weights_only=True))
    data = read_trainer(folder).data
    assert data is not None
    corpus = load_corpus(data.corpus, data.vocabulary)
    rows = fixed_rows(corpus.split("validation"), data.context, TOKENS["cpu"], corpus.token_bytes)
    losses = np.empty(rows.targets.shape, np.float64)
    with torch.no_grad():
        for start in range(0, len(losses), MAX_BATCH_ROWS):
            part = slice(start, start + MAX_BATCH_ROWS)
            losses[part] = nats(model(torch.tensor(rows.inputs[part])).float().numpy(), rows.targets[part])
    return bits_per_byte(losses, rows.bytes)


class Ledger:
    """Scores in a file of JSON lines, so that a comparison that was stopped goes on where it was.

    Args:
        path: Created if it doesn't exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        self.scores = [Score(**json.loads(line)) for line in lines]

    def has(self, arm: str, budget: float, seed: int) -> bool:
        """Whether this run is in the file."""
        return any((score.arm, score.budget, score.seed) == (arm, budget, seed) for score in self.scores)

    def add(self, score: Score) -> None:
        """Write a score."""
        self.scores.append(score)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(score)) + "\n")
