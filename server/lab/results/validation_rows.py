"""Validations as rows: verdict, gain, and whether the candidate was promoted to champion."""

from __future__ import annotations

from collections.abc import Sequence

from ...ids import experiment_id, id_ranges
from ...schemas.results import HorizonResult, ValidationRow
from ...store.comparison import validation_pairs, validations
from ...store.comparison.validations import StageKind, Validation
from ..lab import Lab
from ..references import BASELINE
from .experiment_rows import significant

DIGITS = 3
"""Significant digits of gains and levels: their intervals are rarely narrower than a tenth of them."""


async def tabulate_validations(lab: Lab, tests: Sequence[Validation]) -> list[ValidationRow]:
    """Return a row for each validation, in the order given."""
    return [await _row(lab, validation) for validation in tests]


async def champion_name(lab: Lab, champion: int) -> str:
    """Return the name of the champion with this number: `e0042` or `baseline`."""
    experiment = await validations.experiment_of(lab.db, champion)
    return BASELINE if experiment is None else experiment_id(experiment)


async def _row(lab: Lab, validation: Validation) -> ValidationRow:
    reported = next((stage.finding for stage in validation.stages if stage.kind is StageKind.REPORT), None)
    return ValidationRow(
        id=validation.id,
        candidate=experiment_id(validation.candidate),
        champion=await champion_name(lab, validation.champion),
        state=validation.running.kind if validation.finished_seq is None else None,
        verdict=validation.verdict,
        promoted=validation.promoted,
        gain=None if reported is None or reported.gain is None else significant(reported.gain, DIGITS),
        interval=_rounded(reported.interval if reported else None),
        p=None if validation.p is None else significant(validation.p, 2),
        level=significant(validation.level, DIGITS),
        test=validation.number,
        horizons=[
            HorizonResult(
                horizon=stage.horizon,
                gain=significant(stage.finding.gain, DIGITS),
                tau=None if stage.finding.tau is None else significant(stage.finding.tau, 2),
                tau_interval=_rounded(stage.finding.tau_interval),
            )
            for stage in validation.stages
            if stage.kind is StageKind.HORIZON and stage.finding.gain is not None
        ],
        reason=validation.reason,
        experiments=id_ranges(await validation_pairs.members(lab.db, validation.number)),
    )


def _rounded(interval: tuple[float, float] | None) -> list[float]:
    return [significant(end, DIGITS) for end in interval] if interval else []
