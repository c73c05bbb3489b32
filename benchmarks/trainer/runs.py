"""Runs of training scripts side by side on one core, scored as the evaluator scores, and the file that holds their scores."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from labhand.trainer.contract.trainer_toml.trainer_file import read_trainer
from labhand.trainer.data.corpus import load_corpus
from labhand.trainer.evaluator.evaluate import MAX_BATCH_ROWS, TOKENS, bits_per_byte, fixed_rows, nats

from .arms import Arm
from .children import in_children
from .scripts import ObservedSession, flops_a_token, load, matmul_flops, settle


@dataclass(frozen=True, slots=True)
class Score:
    """What a run came to.

    Attributes:
        arm: Its name.
        budget: CPU seconds of training that it was given.
        seed: Of the run.
        bpb: Bits per byte of the evaluator's validation tokens.
        steps: Optimizer steps.
        token_rate: Training tokens in a CPU second.
        peak_share: Operations of the model's matrices in a second, over those of multiplying large matrices right after.
    """

    arm: str
    budget: float
    seed: int
    bpb: float
    steps: int
    token_rate: float
    peak_share: float


def run_together(arms: Sequence[Arm], budget: float, seed: int, core: int) -> list[Score]:
    """Train arms side by side on one core, each in a process of its own, and score them.

    They take turns of milliseconds there, so that whatever else the machine does meets all of them alike: one after the other,
    the same run has made between 339 and 481 steps in ten CPU seconds.

    Raises:
        RuntimeError: A run failed; its output is above.
    """

    def task(folder: Path) -> Mapping[str, Any]:
        settle(budget, seed, core)
        return _run(folder)

    answers = in_children(arms, task)
    return [Score(arm.name, budget, seed, **answer) for arm, answer in zip(arms, answers, strict=True)]


def _run(folder: Path) -> Mapping[str, Any]:
    script = load(folder)
    script.main()
    session = ObservedSession.latest
    token_rate = session.steps * session.tokens_a_step / (time.process_time() - session.began)
    model = _trained(script, folder)
    peak_share = token_rate * flops_a_token(model) / matmul_flops()
    return {"bpb": score(model, folder), "steps": session.steps, "token_rate": token_rate, "peak_share": peak_share}


def _trained(script: ModuleType, folder: Path) -> torch.nn.Module:
    model: torch.nn.Module = script.build_model(json.loads((folder / "config.json").read_text("utf-8")))
    model.load_state_dict(torch.load(folder / "model.pt", weights_only=True))
    return model


def score(model: torch.nn.Module, folder: Path) -> float:
    """Bits per byte of a model over the tokens that the evaluator scores on a CPU."""
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
