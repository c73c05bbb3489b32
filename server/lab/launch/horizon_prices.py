"""What the longer horizons of a validation cost where their runs go on from shorter ones."""

from __future__ import annotations

from collections.abc import Sequence

from ...source.trainer_folder import Trainer
from ...store.comparison.validations import StageKind, Validation


def note_on_horizons(trainer: Trainer, tests: Sequence[Validation]) -> str:
    """Return that the priced runs at longer horizons may cost less; empty if they all start anew.

    Args:
        trainer: The lab's trainer.
        tests: The validations of one call.
    """
    checkpoint = trainer.file.checkpoint
    if checkpoint is None or not checkpoint.extends:
        return ""
    if all(stage.kind is not StageKind.HORIZON for test in tests for stage in test.stages):
        return ""
    return "the longer horizons are priced as whole runs; those that go on from checkpoints of shorter runs cost less"
