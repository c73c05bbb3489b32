"""What waits beside an experiment that failed is held, if it would fail too."""

from __future__ import annotations

from dataclasses import replace

from ..domain import Failure, FailureDetail, Status
from ..ids import experiment_id
from ..research.policy import storm
from ..store.database import Transaction
from ..store.running import holds
from ..store.running.settlement import ExperimentOutcome

MAX_MESSAGE = 300
"""Characters of a failure's message in the reason of a hold."""
_MENDED = "When that is mended, launch with retry=True: the baseline runs first, and if it succeeds what is held goes on"


async def name_who_mends(tx: Transaction, experiment: int, failed: FailureDetail) -> FailureDetail:
    """Return the failure with the next step that helps: no change of the source mends what the unchanged source fails with."""
    if not await holds.is_first_of_unchanged(tx, experiment):
        return failed
    remedy = failed.next_step or "`labhand doctor` checks the trainer, its data and the machine."
    step = f"The unchanged source failed, so no change of the source mends it. Tell the person: {remedy} {_MENDED}."
    return replace(failed, next_step=step)


async def hold_siblings(tx: Transaction, experiment: int, outcome: ExperimentOutcome, now: float, *, has_holds: bool) -> bool:
    """Hold what is queued beside an experiment that failed; let it go on when one succeeds.

    A single failure of the unchanged source holds its whole setting, if nothing there was ever scored. Otherwise the variant or
    source is held after several failures of one kind.

    Args:
        tx: The transaction.
        experiment: The experiment that ended.
        outcome: How it ended.
        now: Unix time.
        has_holds: Whether any experiment is held before.

    Returns:
        Whether any experiment may be held now.
    """
    if outcome.status is Status.SUCCEEDED and has_holds:
        await holds.lift_holds(tx, experiment)
    if outcome.failed is None:
        return has_holds
    if await holds.is_first_of_unchanged(tx, experiment):
        await _hold_setting(tx, experiment, outcome.failed, now)
        return True
    scope = await holds.scope_of(tx, experiment)
    kind = storm(scope.outcomes)
    if kind is None or not scope.queued:
        return has_holds
    reason = (
        f"of {scope.name}, {scope.outcomes.count(kind)} failed so and none succeeded, {experiment_id(experiment)} last"
        f" ({outcome.failed.message[:MAX_MESSAGE]}). {scope.queued} queued ones are held: launch one that failed again"
        " (retry=True) and they go on when it succeeds, or cancel them"
    )
    await holds.save_hold(tx, experiment, kind, reason, now)
    return True


async def _hold_setting(tx: Transaction, experiment: int, failed: FailureDetail, now: float) -> None:
    queued = await holds.queued_in_setting(tx, experiment)
    if not queued:
        return
    reason = (
        f"The unchanged source failed ({experiment_id(experiment)}: {failed.message[:MAX_MESSAGE]}), so the trainer, its data"
        f" or the machine is at fault, which only the person can mend. None of the {queued} that wait was started or charged."
        f" {_MENDED}. Or cancel them"
    )
    await holds.save_setting_hold(tx, experiment, Failure(failed.kind), reason, now)
