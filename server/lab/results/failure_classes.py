"""Failures by kind, with an example of each and its remedy."""

from __future__ import annotations

from ...domain import Experiment, Purpose
from ...schemas.results import FailureClass
from ...store.comparison import champions
from ...store.comparison.champions import Champion
from ...store.experiments import progress, rows
from ...store.experiments.filter import Filter
from ..lab import Lab
from ..sanitize import cut
from .experiment_rows import SENTENCES

CORRECTED = "The trainer's files were corrected since: it was a replicate of an earlier baseline"
MAX_FIX = 600
"""Characters of a remedy: it names a setting and what to write there, which mustn't be cut."""


async def failure_classes(lab: Lab, wanted: Filter) -> list[FailureClass]:
    """Return the failures by kind, the most frequent first, each with the newest as an example."""
    kinds = await progress.failures(lab.db, wanted)
    examples = await rows.find_experiments(lab.db, [kind.example for kind in kinds])
    baseline = await champions.baseline(lab.db) if kinds else None
    return [
        FailureClass(
            kind=kind.kind,
            count=kind.count,
            example=example.id,
            message=cut(example.failed.message, SENTENCES) if example.failed else "",
            fix=_fix(example, baseline),
        )
        for kind, example in zip(kinds, examples, strict=True)
    ]


def _fix(example: Experiment, baseline: Champion | None) -> str:
    """Return the remedy of a failure."""
    if example.purpose is Purpose.BASELINE and baseline is not None and example.tree != baseline.tree:
        return CORRECTED
    return cut(example.failed.next_step, MAX_FIX) if example.failed else ""
