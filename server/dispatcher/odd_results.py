"""A result that can't be settled must not stop the dispatcher, nor keep what ended beside it from being settled."""

from __future__ import annotations

import logging

from ...trainer.contract.run_result import RunResult
from ..store.database import Database
from .settler import FinishedRuns, Settler

_ODD = (ArithmeticError, ValueError, TypeError, LookupError, RecursionError)
"""What code raises for values that it doesn't expect. Trouble of the machine, such as a full disk, is none of these."""

log = logging.getLogger(__name__)


async def settle_apart(db: Database, settler: Settler, ended: FinishedRuns, now: float) -> None:
    """Settle runs in one transaction; if one of their results makes that fail, settle each in a transaction of its own.

    A result that can't be settled even so becomes `contract_broken`, with the error.
    """
    if not ended:
        return
    try:
        async with db.transaction() as tx:
            await settler.settle(tx, ended, now)
    except _ODD:
        log.exception("The results can't be settled together; settling each by itself")
        settler.forget()
        for finished in ended.finished:
            await _settle_alone(db, settler, FinishedRuns(finished=[finished]), now)
        for lost in ended.lost:
            await _settle_alone(db, settler, FinishedRuns(lost=[lost]), now)


async def _settle_alone(db: Database, settler: Settler, ended: FinishedRuns, now: float) -> None:
    try:
        async with db.transaction() as tx:
            await settler.settle(tx, ended, now)
    except _ODD as error:
        if not ended.finished:
            raise
        [(attempt, result)] = ended.finished
        log.exception("The result of %s can't be settled", attempt.run.id)
        settler.forget()
        problem = f"settling it raised {type(error).__name__}: {error}"
        broken = RunResult.unreadable(attempt.run.id, problem, result.as_json())
        async with db.transaction() as tx:
            await settler.settle(tx, FinishedRuns(finished=[(attempt, broken)]), now)
