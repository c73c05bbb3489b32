"""`cancel`: queued experiments end at once, running ones are stopped by the dispatcher."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from ...domain import PENDING
from ...errors import BadInputError
from ...ids import id_ranges
from ...schemas.manage import Cancelled
from ...store.comparison import validation_pairs, validations
from ...store.database import Transaction
from ...store.experiments import cancellation
from ...store.experiments.filter import Filter
from ...store.running import settlement
from ..after_commit import complete
from ..lab import Lab
from ..results.experiment_rows import FEW_WORDS
from ..sanitize import cut
from ..selection import select

NO_REASON = "no reason given"


async def cancel(lab: Lab, ids: Sequence[str], reason: str, caller: str, *, force: bool = False) -> Cancelled:
    """Cancel experiments. Finished ones stay as they are, and cancelling twice is no error.

    Args:
        lab: The lab.
        ids: Experiments, grids, ranges and validations. A grid stands for what it launched, without the cells that existed
            before. A cancelled validation gets no verdict, and still counts as a test.
        reason: Saved with each experiment.
        caller: Who cancels.
        force: Also cancel what other callers launched.

    Raises:
        BadInputError: There are no ids, or a text is not an id.
        NotFoundError: An id doesn't exist.
    """
    if not ids:
        raise BadInputError("ids is empty", 'Name what to cancel: ids=["e0042", "g007", "e0001-e0008"]')
    selected = replace(await select(lab, ids), reused_cells=False)
    async with lab.db.transaction() as tx:
        experiments = await cancellation.statuses(tx, selected)
        pending = [experiment for experiment in experiments if experiment.status in PENDING]
        own = await _own_validations(tx, selected, caller)
        mine = [
            experiment.number for experiment in pending if force or experiment.launched_by == caller or experiment.number in own
        ]
        await cancellation.ask_to_end(tx, mine, reason.strip() or NO_REASON)
        await settlement.cancel_queued(tx, time.time())
        refused: defaultdict[str, list[int]] = defaultdict(list)
        for experiment in pending:
            if experiment.number not in mine:
                why = f"launched by {cut(experiment.launched_by, FEW_WORDS)}: only with force=true"
                refused[why].append(experiment.number)
        cancelled = Cancelled(
            cancelled=id_ranges(mine),
            already_finished=id_ranges(experiment.number for experiment in experiments if experiment.status not in PENDING),
            refused={why: id_ranges(numbers) for why, numbers in refused.items()},
        )
    return await complete(lab, cancelled, "Cancelled", wakes=bool(mine))


async def _own_validations(tx: Transaction, selected: Filter, caller: str) -> set[int]:
    """Return the experiments of the selected validations that the caller launched."""
    tests = await validations.numbered(tx, selected.validations or ())
    own = [test.number for test in tests if test.launched_by == caller]
    return {experiment for test in own for experiment in await validation_pairs.members(tx, test)}
