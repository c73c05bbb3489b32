"""The progress of a validation: the verdict of its test, what its stages measured, its promotion and its end."""

from __future__ import annotations

from ...domain import Verdict
from ...ids import experiment_id
from ..database import Transaction
from . import validations
from .validations import StageFinding, Validation


async def save_verdict(tx: Transaction, validation: Validation, verdict: Verdict, reason: str, p: float | None) -> None:
    """Write down a test's verdict, and the candidate's unless it is `none`. It counts for tests that are launched later."""
    await tx.execute(
        "UPDATE validations SET verdict = ?, reason = ?, p = ?, known_after = (SELECT max(number) FROM validations)"
        " WHERE number = ?",
        (verdict, reason, p, validation.number),
    )
    if verdict is not Verdict.NONE:
        champion = await validations.experiment_of(tx, validation.champion)
        summary = f"{validation.id}, against {'the baseline' if champion is None else experiment_id(champion)}: {reason}"
        await tx.execute(
            "UPDATE experiments SET verdict = ?, reason = ? WHERE number = ?", (verdict, summary, validation.candidate)
        )


async def save_finding(tx: Transaction, number: int, stage: int, finding: StageFinding) -> None:
    """Write down what a stage measured."""
    no_interval = (None, None)
    await tx.execute(
        "UPDATE stages SET gain = ?, low = ?, high = ?, tau = ?, tau_low = ?, tau_high = ? WHERE validation = ? AND place = ?",
        (finding.gain, *(finding.interval or no_interval), finding.tau, *(finding.tau_interval or no_interval), number, stage),
    )


async def enter_stage(tx: Transaction, number: int, stage: int) -> None:
    """Go on to a stage."""
    await tx.execute("UPDATE validations SET stage = ? WHERE number = ?", (stage, number))


async def promote(tx: Transaction, number: int) -> None:
    """Note that the candidate became champion."""
    await tx.execute("UPDATE validations SET promoted = 1 WHERE number = ?", (number,))


async def add_reason(tx: Transaction, number: int, why: str) -> None:
    """Append to the reason of a validation what happened after the test."""
    await tx.execute("UPDATE validations SET reason = coalesce(reason || '; ', '') || ? WHERE number = ?", (why, number))


async def finish(tx: Transaction, number: int, now: float) -> None:
    """End a validation."""
    await tx.execute(
        "UPDATE validations SET finished_at = ?,"
        " finished_seq = (SELECT coalesce(max(finished_seq), 0) + 1 FROM validations) WHERE number = ?",
        (now, number),
    )
