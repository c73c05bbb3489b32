"""Scores on the test split, for the report only. They come from the pairs of a validation that don't decide its verdict.

No tool may import this module, directly or indirectly; an import contract checks that. The scores are not in the database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ...domain import is_comparable
from ...ids import experiment_id
from ...research.paired_test import PAIRS, GainEstimate, estimate
from ...settings import RUNS
from ...store.comparison import validation_pairs
from ...store.comparison.validations import StageKind, Validation
from ...store.running.runs import runs_of
from ..lab import Lab

FILE = "sealed.json"
"""The file with the score, in a run's folder; see docs/runs.md."""


@dataclass(frozen=True, slots=True)
class SealedScore:
    """The result of one validation on the test split.

    Attributes:
        validation: `v003`.
        candidate: `e0042`.
        gain: The candidate's gain against the baseline, with its interval; None for fewer than eight pairs.
        pairs: How many seeds both were scored on.
        means: What the gain means, in a sentence.
    """

    validation: str
    candidate: str
    gain: GainEstimate | None
    pairs: int
    means: str


async def unseal(lab: Lab, validations: Sequence[Validation]) -> list[SealedScore]:
    """Return the scores on the test split of those validations that ran pairs for the report."""
    if not lab.trainer.file.has_sealed_split:
        return []
    scores: list[SealedScore] = []
    for validation in validations:
        stage = next((stage for stage in validation.stages if stage.kind is StageKind.REPORT), None)
        pairs = await validation_pairs.of_stage(lab.db, validation.number, stage.place) if stage else []
        if stage is None or not pairs:
            continue
        gains = [gain for pair in pairs if (gain := await _gain(lab, pair.candidate.number, pair.against.number)) is not None]
        test = estimate(gains)
        means = _meaning(test, stage.finding.interval, len(gains))
        scores.append(SealedScore(validation.id, experiment_id(validation.candidate), test, len(gains), means))
    return scores


async def _gain(lab: Lab, candidate: int, against: int) -> float | None:
    """Return the gain of one experiment over another; None unless both were scored on the same text by the same evaluator."""
    ours, theirs = await _read_last_run(lab, candidate), await _read_last_run(lab, against)
    if any(ours.get(name) != theirs.get(name) for name in ("version", "data", "tokens")):
        return None
    scores = [
        score for sealed in (ours, theirs) if isinstance(score := sealed.get("score"), int | float) and is_comparable(score)
    ]
    return lab.trainer.metric.gain(*scores) if len(scores) == 2 else None


async def _read_last_run(lab: Lab, experiment: int) -> Mapping[str, Any]:
    """Return the sealed file of an experiment's last run; empty if there is none."""
    runs = await runs_of(lab.db, experiment)
    return read(lab.folder / RUNS / runs[-1].id) if runs else {}


def read(run: Path) -> Mapping[str, Any]:
    """Return the sealed file in a run's folder; empty if it is missing or unreadable."""
    file = run / FILE
    if file.is_symlink():
        return {}
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def _meaning(test: GainEstimate | None, validation: tuple[float, float] | None, scored: int) -> str:
    if test is None:
        return f"{scored} of its pairs are scored on the test split, and a gain needs {PAIRS}"
    low, high = test.interval
    if validation and high < validation[0]:
        return "the gain is smaller than on the validation split: part of that gain holds only for the text of that split"
    if low > 0:
        return "the gain holds on text that no choice was based on"
    if high < 0:
        return "it is a loss on text that no choice was based on: don't trust the gain"
    return "so many seeds can't show whether the gain holds on text that no choice was based on"
