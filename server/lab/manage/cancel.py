"""Cancelling: what is queued ends at once, what runs is stopped by the dispatcher."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence

from ...domain import PENDING
from ...errors import BadInputError
from ...ids import id_ranges
from ...schemas.manage import Cancelled
from ...store.comparison import validation_pairs, validations
from ...store.database import Transaction
from ...store.experiments import cancellation
from ...store.experiments.filter import Filter
from ...store.running import settlement
from ..lab import Lab
from ..results.experiment_rows import FEW_WORDS
from ..sanitize import cut
from ..selection import select
from ..status_line import lab_line

NO_REASON = "no reason given"


async def cancel(lab: Lab, ids: Sequence[str], reason: str, caller: str, *, force: bool = False) -> Cancelled:
    """End experiments. Those that are finished stay as they are, and twice is no error.

    Args:
        lab: The lab.
        ids: Experiments, grids, ranges; validations, which come to no verdict then and keep their place among the tests.
        reason: Kept with each.
        caller: Who asks.
        force: Also what others launched.

    Raises:
        BadInputError: No ids are given, or one isn't an id.
        NotFoundError: One names nothing.
    """
    if not ids:
        raise BadInputError("No ids are given", 'Name what to cancel: ids=["e0042", "g007", "e0001-e0008"]')
    wanted = await select(lab, ids)
    async with lab.db.transaction() as tx:
        standing = await cancellation.statuses(tx, wanted)
        pending = [one for one in standing if one.status in PENDING]
        own = await _own_validations(tx, wanted, caller)
        mine = [one.number for one in pending if force or one.launched_by == caller or one.number in own]
        await cancellation.ask_to_end(tx, mine, reason.strip() or NO_REASON)
        await settlement.cancel_queued(tx, time.time())
    if mine:
        lab.wake_dispatcher()
    refused: defaultdict[str, list[int]] = defaultdict(list)
    for one in pending:
        if one.number not in mine:
            refused[f"launched by {cut(one.launched_by, FEW_WORDS)}: only with force=True"].append(one.number)
    return Cancelled(
        cancelled=id_ranges(mine),
        already_finished=id_ranges(one.number for one in standing if one.status not in PENDING),
        refused={why: id_ranges(numbers) for why, numbers in refused.items()},
        lab=await lab_line(lab),
    )


async def _own_validations(tx: Transaction, wanted: Filter, caller: str) -> set[int]:
    """The experiments of those validations named that the caller launched."""
    found = await validations.numbered(tx, wanted.validations or ())
    return {number for one in found if one.launched_by == caller for number in await validation_pairs.members(tx, one.number)}
