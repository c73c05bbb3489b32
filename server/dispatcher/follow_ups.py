"""What the lab runs by itself beside what it was asked for, as far as the allowance goes.

- A score that is too good to be true is run again before it counts, once, on a seed that the source never had.
- Of the runs that were stopped as doomed, a sample is run again to its end, so that mistakes show.
- While a setting is busy the baseline runs once more now and then, so that a drift of all scores shows; more often while the
  machine takes steps away from runs, so that candidates and the reference are paired in time.
- In a stratum in which an idea is scored and the champion is not, the champion runs: without it there is no verdict. A launch
  adds these replicates by itself; here they are added if the stratum is new for another reason, such as another driver.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..approval_settings import Approval
from ..domain import Experiment, Purpose
from ..ids import experiment_id
from ..research import policy
from ..seeds import SeedStream
from ..settings import BASELINE_EVERY, Allowance
from ..source.repository import Sources
from ..store import facts
from ..store.comparison import champions, strata
from ..store.database import Transaction
from ..store.experiments import reruns, rows
from ..store.money import plan_budgets, spending
from ..store.money.plan_budgets import UNPLANNED, Amount
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
        approval: What the person wants to approve; what no approved plan covers waits until one does.
    """

    def __init__(
        self,
        sources: Sources,
        allowance: Allowance,
        baseline_every: int = BASELINE_EVERY,
        approval: Approval | None = None,
    ) -> None:
        self._sources = sources
        self._allowance = allowance
        self._baseline_every = baseline_every
        self._approval = approval or Approval()

    async def queue(
        self, tx: Transaction, settings: Iterable[str], now: float, scored: Mapping[int, Sequence[int]] | None = None
    ) -> None:
        """Queue what is due.

        Args:
            tx: The transaction in which runs were settled.
            settings: The settings of these runs.
            now: Unix time.
            scored: The experiments that were just scored and judged, by stratum.
        """
        due = [*await _rechecks(tx), *await _spot_checks(tx)]
        for stratum, numbers in (scored or {}).items():
            due += await _champion(tx, stratum, numbers)
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
        """Queue one experiment, if the allowance covers it. Returns whether it was queued."""
        of = addition.of
        committed, seconds = await spending.committed(tx, now), await reruns.reserve(tx, of)
        if not self._allowance.covers(committed.experiments + 1, committed.gpu_seconds + seconds, committed.usd + of.usd):
            log.warning("The allowance doesn't cover running %s again (%s)", of.id, addition.purpose)
            return False
        plan = await self._plan_for(tx, of.plan, Amount(seconds, of.usd), now)
        if plan is None:
            log.warning("No approved plan covers running %s again (%s)", of.id, addition.purpose)
            return False
        of = replace(of, plan=plan or None)
        number = await rows.last_used_number(tx) + 1
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

    async def _plan_for(self, tx: Transaction, plan: int | None, cost: Amount, now: float) -> int | None:
        """Return the plan that a follow-up is part of: its experiment's, or `UNPLANNED`; None if neither covers its cost."""
        budgets = await plan_budgets.budgets(tx, self._approval, now)
        if not budgets:
            return UNPLANNED
        numbers = dict.fromkeys((plan or UNPLANNED, UNPLANNED))
        return next((each for each in numbers if each in budgets and budgets[each].covers_launch(cost)), None)


async def _champion(tx: Transaction, stratum: int, numbers: Sequence[int]) -> list[_FollowUp]:
    """Return the replicates of the champion that a stratum needs; none unless an idea has no reference there."""
    described, champion = await strata.read(tx, stratum), await champions.champion(tx)
    if champion is None or described is None or described.replicates > 0:
        return []
    ideas = [experiment for experiment in await rows.find_experiments(tx, numbers) if experiment.purpose is Purpose.IDEA]
    if not ideas:
        return []
    idea = ideas[0]
    pending, failed = await reruns.unscored_replicates(tx, champion, idea.setting)
    source = await reruns.newest_of_champion(tx, champion, idea.setting.partition("/")[0])
    if source is None or failed >= policy.STORM:
        return []
    here = replace(
        source,
        setting=idea.setting,
        gpu=idea.gpu,
        clock=idea.clock,
        budget_seconds=idea.budget_seconds,
        gpu_seconds=idea.gpu_seconds,
        usd=idea.usd,
    )
    purpose = Purpose.BASELINE if champion.experiment is None else Purpose.CHAMPION
    why = f"The score of {champion.name}, the reference, in a stratum in which it has not run"
    return [_FollowUp(here, purpose, why)] * policy.baseline_replicates(pending)


async def _rechecks(tx: Transaction) -> list[_FollowUp]:
    return [
        _FollowUp(suspected, Purpose.RECHECK, f"Whether the score of {suspected.id} comes again on another seed")
        for suspected in await reruns.unanswered_suspicions(tx)
    ]


async def _spot_checks(tx: Transaction) -> list[_FollowUp]:
    return [
        _FollowUp(
            stopped,
            Purpose.SPOT_CHECK,
            f"What {stopped.id}, which was stopped as doomed, would have scored in the end",
            same_seed=True,
        )
        for place, stopped in await early_stops.unchecked(tx)
        if policy.spot_check(place)
    ]
