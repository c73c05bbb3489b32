"""What the lab runs by itself beside what it was asked for, as far as the allowance goes.

- A score that is too good to be true is run again before it counts, once, on a seed that the source never had.
- Of the runs that were stopped as doomed, a sample is run again to its end, so that mistakes show.
- While a setting is busy the baseline runs once more now and then, so that a drift of all scores shows; more often while the
  machine takes steps away from runs, so that candidates and the reference are paired in time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from ..domain import Experiment, Purpose
from ..ids import experiment_id
from ..research import policy
from ..seeds import SeedStream
from ..settings import BASELINE_EVERY, Allowance
from ..source.repository import Sources
from ..store import facts
from ..store.database import Transaction
from ..store.experiments import reruns, rows
from ..store.money import spending
from ..store.running import early_stops

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _FollowUp:
    """A source to be run again.

    Attributes:
        of: The experiment whose source it is.
        same_seed: It is the same run, rather than a replicate on the next seed.
    """

    of: Experiment
    purpose: Purpose
    why: str
    same_seed: bool = False


class FollowUps:
    """Queues what the lab runs by itself.

    Args:
        sources: Where experiments have their names.
        allowance: The person's; what it doesn't cover waits until it does.
        baseline_every: Experiments after which the baseline runs once more; 0 for never.
    """

    def __init__(self, sources: Sources, allowance: Allowance, baseline_every: int = BASELINE_EVERY) -> None:
        self._sources = sources
        self._allowance = allowance
        self._baseline_every = baseline_every

    async def queue(self, tx: Transaction, settings: Iterable[str], now: float) -> None:
        """Queue what is due.

        Args:
            tx: The transaction in which runs were settled.
            settings: Of those.
            now: Unix time.
        """
        due = [*await _rechecks(tx), *await _spot_checks(tx)]
        for setting in sorted(set(settings)):
            due += await self._baselines(tx, setting)
        for addition in due:
            if not await self._queue(tx, addition, now):
                return

    async def _baselines(self, tx: Transaction, setting: str) -> list[_FollowUp]:
        newest = await reruns.newest_baseline(tx, setting)
        if newest is None or newest.finished_at is None:
            return []
        scored = await reruns.scored_since(tx, newest)
        is_unsteady = await reruns.was_slowed_since(tx, newest)
        is_due = policy.baseline_due(scored, self._baseline_every, is_unsteady=is_unsteady)
        if not is_due or not await reruns.is_busy(tx, setting):
            return []
        return [_FollowUp(newest, Purpose.BASELINE, "Whether the baseline still scores as it did")]

    async def _queue(self, tx: Transaction, addition: _FollowUp, now: float) -> bool:
        """Queue one, as far as the allowance goes."""
        of = addition.of
        committed, seconds = await spending.committed(tx, now), await reruns.reserve(tx, of)
        if not self._allowance.covers(committed.experiments + 1, committed.gpu_seconds + seconds, committed.usd + of.usd):
            log.warning("The allowance doesn't cover running %s again (%s)", of.id, addition.purpose)
            return False
        number = await rows.newest_number(tx) + 1
        replicate, drawn = of.replicate, of.seed
        if not addition.same_seed:
            replicate = await reruns.next_replicate(tx, of)
            drawn = SeedStream.of_replicates(await facts.fact(tx, facts.IDENTITY) or "", of.setting).seed(replicate)
        await reruns.queue_again(
            tx, of, number=number, purpose=addition.purpose, why=addition.why, replicate=replicate, seed=drawn, now=now
        )
        await self._sources.tag({experiment_id(number): of.commit})
        log.info("%s runs %s again: %s", experiment_id(number), of.id, addition.purpose)
        return True


async def _rechecks(tx: Transaction) -> list[_FollowUp]:
    return [
        _FollowUp(one, Purpose.RECHECK, f"Whether the score of {one.id} comes again on another seed")
        for one in await reruns.unanswered_suspicions(tx)
    ]


async def _spot_checks(tx: Transaction) -> list[_FollowUp]:
    return [
        _FollowUp(one, Purpose.SPOT_CHECK, f"What {one.id}, which was stopped as doomed, comes to in the end", same_seed=True)
        for place, one in await early_stops.unchecked(tx)
        if policy.spot_check(place)
    ]
