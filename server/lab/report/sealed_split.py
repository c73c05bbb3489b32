"""The test split: what the runs that decide nothing scored on it, for the person's report and nobody else.

No tool may come near this module, not by way of another one: a contract of imports says so. Nothing of it is in the database.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ...ids import experiment_id
from ...research.paired_test import PAIRS, GainEstimate, estimate
from ...settings import RUNS
from ...store.comparison import validation_pairs
from ...store.comparison.validations import StageKind, Validation
from ...store.running.runs import runs_of
from ..lab import Lab

FILE = "sealed.json"
"""In the folder of a run; see docs/runs.md."""


@dataclass(frozen=True, slots=True)
class SealedScore:
    """What one validation came to on the test split.

    Attributes:
        validation: `v003`.
        candidate: `e0042`.
        gain: Of the candidate against the baseline, with its interval; None for fewer than eight pairs.
        pairs: Of seeds that both were scored on.
        means: That means, in a sentence.
    """

    validation: str
    candidate: str
    gain: GainEstimate | None
    pairs: int
    means: str


async def unseal(lab: Lab, validations: Sequence[Validation]) -> list[SealedScore]:
    """Read what was scored on the test split, of those validations that had pairs run which decide nothing."""
    if lab.trainer.metric.self_reported:  # it brings its own text, of which the lab knows nothing
        return []
    found: list[SealedScore] = []
    for validation in validations:
        stage = next((stage for stage in validation.stages if stage.kind is StageKind.REPORT), None)
        ran = await validation_pairs.of_stage(lab.db, validation.number, stage.place) if stage else []
        if stage is None or not ran:
            continue
        gains = [one for pair in ran if (one := await _gain(lab, pair.candidate.number, pair.against.number)) is not None]
        gain = estimate(gains)
        means = _meaning(gain, stage.found.interval, len(gains))
        found.append(SealedScore(validation.id, experiment_id(validation.candidate), gain, len(gains), means))
    return found


async def _gain(lab: Lab, candidate: int, against: int) -> float | None:
    """Of one experiment over another, where both were scored on the same text by the same evaluator."""
    ours, theirs = await _told(lab, candidate), await _told(lab, against)
    if any(ours.get(name) != theirs.get(name) for name in ("version", "data", "tokens")):
        return None
    scores = [score for told in (ours, theirs) if isinstance(score := told.get("score"), int | float) and math.isfinite(score)]
    return lab.trainer.metric.gain(*scores) if len(scores) == 2 else None


async def _told(lab: Lab, experiment: int) -> Mapping[str, Any]:
    """What the last run of an experiment left; nothing where it left nothing."""
    runs = await runs_of(lab.db, experiment)
    return read(lab.folder / RUNS / runs[-1].id) if runs else {}


def read(run: Path) -> Mapping[str, Any]:
    """The sealed file in a run's folder; nothing where there is none that can be read."""
    file = run / FILE
    if file.is_symlink():
        return {}
    try:
        told = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", told) if isinstance(told, dict) else {}


def _meaning(test: GainEstimate | None, validation: tuple[float, float] | None, known: int) -> str:
    if test is None:
        return f"{known} of the pairs were scored on it, and a gain is told from {PAIRS} on"
    low, high = test.interval
    if validation and high < validation[0]:
        return "it is smaller than on the validation split: part of that gain holds for that text alone"
    if low > 0:
        return "the gain holds on text that nothing was chosen by"
    if high < 0:
        return "on text that nothing was chosen by it is a loss: don't believe the gain"
    return "whether the gain holds on text that nothing was chosen by can't be told from so many seeds"
