"""Training scripts as modules, and a session that observes them from outside, so that they need no code for it."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from labhand.trainer.session import Session
from numpy.typing import NDArray
from typing_extensions import override

MATMUL_SIZE = 512
MATMULS = 60


class ObservedSession(Session):
    """A session by hand that counts what the script does.

    Attributes:
        steps: Steps that were made within the budget; -1 if the script doesn't look at its progress.
        began: CPU time of the process when the clock started, in seconds.
        tokens_a_step: By the latest report; 0 if the script reports nothing.
    """

    steps = -1
    began = 0.0
    tokens_a_step = 0.0
    latest: ObservedSession

    @classmethod
    @override
    def connect(cls, *, parallel: bool = False) -> ObservedSession:
        """As of `Session`; the session is also kept as `latest`."""
        session = super().connect(parallel=parallel)
        assert isinstance(session, cls)
        ObservedSession.latest = session
        return session

    @override
    def ready(self) -> NDArray[np.uint16]:
        """As of `Session`."""
        tokens = super().ready()
        self.began = time.process_time()
        return tokens

    @override
    def progress(self) -> float:
        """As of `Session`."""
        self.steps += 1
        return super().progress()

    @override
    def report(self, *, step: int, loss: float, tokens: int, flops: float | None = None) -> None:
        """As of `Session`."""
        self.tokens_a_step = tokens / step
        super().report(step=step, loss=loss, tokens=tokens, flops=flops)


def load(folder: Path, session: type[Session] = ObservedSession) -> ModuleType:
    """The training script in a folder, imported as by the evaluator, with this class in the place of `Session`."""
    path = folder / "train.py"
    spec = importlib.util.spec_from_file_location("train", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    sys.modules["train"] = script
    spec.loader.exec_module(script)
    script.Session = session  # type: ignore[attr-defined]
    sys.argv = [str(path)]
    return script


def settle(seconds: float, seed: int, core: int) -> None:
    """Make this process what a run on one core is: pinned, one thread, no GPU."""
    os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)
    os.environ |= {"LABHAND_BUDGET_SECONDS": str(seconds), "LABHAND_SEED": str(seed), "CUDA_VISIBLE_DEVICES": ""}


def matmul_flops() -> float:
    """Operations in a CPU second that this process reaches in multiplying square float32 matrices: the best of many."""
    left, right = torch.randn(2, MATMUL_SIZE, MATMUL_SIZE)
    out, best = torch.empty(MATMUL_SIZE, MATMUL_SIZE), 0.0
    for _ in range(MATMULS):
        began = time.process_time()
        torch.mm(left, right, out=out)
        best = max(best, 2 * MATMUL_SIZE**3 / (time.process_time() - began))
    return best


def flops_a_token(model: torch.nn.Module) -> int:
    """Operations that the matrices of a model cost for a token of training, forward and backward, without attention."""
    tables = {id(module.weight) for module in model.modules() if isinstance(module, torch.nn.Embedding)}
    matrices = [each for each in model.parameters() if each.ndim == 2 and id(each) not in tables]
    return 6 * sum(each.numel() for each in matrices)
