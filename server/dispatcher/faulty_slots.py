"""A slot on which the unchanged source fails, while it succeeds on others, is the machine's fault: it is set aside and told."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..domain import Failure, Purpose
from ..store.database import Transaction
from ..store.running import slots_aside
from ..store.running.runs import Attempt
from ..store.running.slots_aside import SlotAside, SlotOutcome

MIN_ELSEWHERE = 2
"""Successes of the unchanged source on other slots, without a failure there, that show that source and data are sound."""
MIN_AGAIN = 2
"""Failures in a row on a slot on which something succeeded before: a single one may be the seed's."""
_NOT_THE_SLOT = frozenset({Failure.TAMPERING, Failure.LOST_MACHINE})

log = logging.getLogger(__name__)


async def set_faulty_slots_aside(tx: Transaction, attempt: Attempt) -> None:
    """Look at the slots of a pool when a run of the unchanged source has ended there."""
    if attempt.purpose is not Purpose.BASELINE or "slot" not in attempt.run.handle:
        return
    pool = attempt.run.pool
    known = {(aside.pool, aside.slot) for aside in await slots_aside.slots_aside(tx)}
    outcomes = await slots_aside.outcomes(tx, pool, attempt.setting)
    for slot in sorted({outcome.slot for outcome in outcomes}):
        reason = fault_of(slot, outcomes)
        if reason and (pool, slot) not in known:
            log.warning("Slot %s of %s is set aside: %s", slot, pool, reason)
            await slots_aside.set_aside(tx, SlotAside(pool, slot, reason))


def fault_of(slot: int, outcomes: Sequence[SlotOutcome]) -> str:
    """Return why a slot is at fault; empty if that isn't shown.

    Args:
        slot: The slot's index.
        outcomes: What became of experiments of one setting, on all slots, the oldest first.
    """
    here = [outcome for outcome in outcomes if outcome.slot == slot and outcome.failure not in _NOT_THE_SLOT]
    succeeded = [place for place, outcome in enumerate(here) if outcome.failure is None]
    since = here[succeeded[-1] + 1 :] if succeeded else here
    failed = [outcome for outcome in since if outcome.is_unchanged]
    elsewhere = [outcome for outcome in outcomes if outcome.slot != slot and outcome.is_unchanged]
    is_sound = len(elsewhere) >= MIN_ELSEWHERE and all(outcome.failure is None for outcome in elsewhere)
    if not is_sound or len(failed) < (MIN_AGAIN if succeeded else 1):
        return ""
    names = ", ".join(f"{outcome.id} ({outcome.failure})" for outcome in failed)
    return f"the unchanged source failed there ({names}), and succeeded {len(elsewhere)} times on other slots"
