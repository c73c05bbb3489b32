"""The runner without sandbox, control group, private memory and probes: `python -m benchmarks.undefended FOLDER`.

What is left is the training, its clock and the scoring. `benchmarks/integrity.py overhead` runs it beside the whole runner.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from labhand.trainer import runner
from labhand.trainer.evaluator import evaluate
from labhand.trainer.evaluator.cheating import Findings
from labhand.trainer.evaluator.evaluate import Logits, Rows
from labhand.trainer.run.child import GUARD, Child
from labhand.trainer.run.run import Run
from labhand.trainer.sandbox import cgroup, private_shm
from labhand.trainer.sandbox.sandbox import Sandbox
from numpy.typing import NDArray

Losses = NDArray[np.float64]
confined_child = Run.child


def unconfined_child(
    run: Run, command: Sequence[str], folder: Path, _: Sandbox, descriptors: Sequence[int] = (), guard: str = GUARD, **more: str
) -> Child:
    """Start a command of the experiment as the runner does, but without a sandbox."""
    return confined_child(run, command, folder, None, descriptors, guard, **more)  # type: ignore[arg-type]  # what is left out


def score_once(
    fresh: Callable[[], AbstractContextManager[Logits]], rows: Rows, batch: int, _: Losses | None
) -> tuple[Losses, Findings]:
    """Score all rows in one process, without a second process and without probes."""
    losses = np.empty(rows.inputs.shape, np.float64)
    with fresh() as logits:
        for start in range(0, len(losses), batch):
            which = slice(start, min(start + batch, len(losses)))
            losses[which] = evaluate.nats(logits(rows.inputs[which]), rows.targets[which])
    return losses, Findings([], [])


REPLACEMENTS: Sequence[tuple[object, str, Callable[..., Any]]] = (
    (Run, "child", unconfined_child),
    (cgroup, "_make_1", lambda *_: None),
    (cgroup, "_make_2", lambda *_: None),
    (private_shm, "can_be_private", lambda: False),
    (evaluate, "expected_nats", lambda *_: None),
    (evaluate, "measure", score_once),
)
"""What replaces the defences: the owner of a function, its name, and the function without the defence."""


def main() -> int:
    """Run one run folder."""
    for owner, name, replacement in REPLACEMENTS:
        getattr(owner, name)  # a defence that was renamed must not be left on unnoticed
        setattr(owner, name, replacement)
    return runner.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
