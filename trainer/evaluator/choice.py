"""Which evaluator belongs to a run."""

from __future__ import annotations

from ..run.run import Run
from .base import Evaluator
from .script.script_evaluator import ScriptEvaluator


def evaluator_of(run: Run) -> Evaluator | None:
    """The evaluator that the run's trainer asks for; None where the metric is self-reported."""
    trainer = run.trainer
    if trainer.evaluator is not None:
        return ScriptEvaluator(run, trainer.evaluator)
    if trainer.data is None:
        return None
    from .language_model import LanguageModelEvaluator  # noqa: PLC0415  imports numpy, which other runs don't need

    return LanguageModelEvaluator(run, trainer.data)
