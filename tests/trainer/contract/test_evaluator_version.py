"""The evaluator's version stands for all of its code."""

from __future__ import annotations

from pathlib import Path

from labhand import trainer
from labhand.trainer.contract.evaluator_version import EVALUATOR_FILES, evaluator_version


def test_every_file_of_the_evaluator_counts() -> None:
    files = {path.name for path in Path(trainer.__path__[0], "evaluator").glob("*.py")}
    assert set(EVALUATOR_FILES) == files - {"__init__.py", "base.py", "choice.py", "language_model.py"}
    assert len(evaluator_version()) == 12
