"""Scores that are too good to be true are run again before they count, once, on a seed that the source never had."""

from __future__ import annotations

import logging

from ..domain import experiment_id, seed
from ..settings import Allowance
from ..sources import Sources
from ..store import facts, launches, spending, suspicions
from ..store.database import Transaction

log = logging.getLogger(__name__)


class Rechecks:
    """Queues what is run again.

    Args:
        sources: Where experiments have their names.
        allowance: The person's; what it doesn't cover waits until it does.
    """

    def __init__(self, sources: Sources, allowance: Allowance) -> None:
        self._sources = sources
        self._allowance = allowance

    async def queue(self, tx: Transaction, now: float) -> None:
        """Queue every suspected score that is to be run again and isn't yet, as far as the allowance goes."""
        for experiment in await suspicions.unanswered(tx):
            committed = await spending.committed(tx, now)
            if not self._allowance.covers(
                committed.experiments + 1, committed.gpu_seconds + experiment.gpu_seconds, committed.usd + experiment.usd
            ):
                log.warning("%s is too good to be true, and the allowance doesn't cover running it again", experiment.id)
                return
            number = await launches.newest(tx) + 1
            replicate = await suspicions.next_replicate(tx, experiment)
            fresh = seed(await facts.fact(tx, facts.IDENTITY) or "", experiment.setting, replicate)
            await suspicions.run_again(tx, experiment, number, replicate, fresh, now)
            await self._sources.tag({experiment_id(number): experiment.commit})
            log.info("%s is too good to be true; %s runs it again", experiment.id, experiment_id(number))
