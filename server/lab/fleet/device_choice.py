"""Chooses the kind of GPU: the kind that a call names, the kind that finishes first, or several kinds with one block each."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import AllowanceError, BadInputError
from ...schemas.launch import Estimate, Kinds
from ...store.experiments import related
from ...store.money import clusters, spending
from ...store.money.spending import Committed
from .. import allowance, proposals
from ..lab import Lab
from . import estimates
from .gpus import relative_speeds
from .launch_stratum import LaunchStratum, choose_launch_stratum

ANY = "any"
MAX_TIE_SECONDS = 1.0
"""Kinds whose times of completion differ by at most this finish together: the faster kind is chosen."""


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """The kinds of GPU that a call runs on.

    Attributes:
        settings: One launch stratum for each kind.
        why: The reason, if the lab chose the kind.
    """

    settings: Sequence[LaunchStratum]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """The estimate of a launch on one kind of GPU."""

    setting: LaunchStratum
    estimate: Estimate
    speed: float


async def choose(
    lab: Lab, requested: Kinds, of_base: str | None, budget_seconds: float | None, count: int, *, with_baseline: bool = True
) -> DeviceChoice:
    """Choose the kinds of GPU of a call.

    Args:
        lab: The lab.
        requested: A kind; `any` for the one that finishes first within the allowance; several kinds; None for the base's kind.
        of_base: The kind that the base ran on, if it ran.
        budget_seconds: See `choose_launch_stratum`.
        count: Number of experiments on each kind.
        with_baseline: Add the replicates of the baseline that a kind lacks.

    Raises:
        AllowanceError: The kind is `any`, and on no kind is the cost within the allowance.
        BadInputError: No pool has this kind, or its pools don't allow this budget.
    """
    if isinstance(requested, list):
        named = list(dict.fromkeys(kind.strip().lower() for kind in requested))
        if not named or (ANY in named and len(named) > 1):
            raise BadInputError(
                f"gpu={requested} names no kind of GPU", f'Give gpu=["H100", "H200"] as list_gpus names them, or "{ANY}"'
            )
        if named != [ANY]:
            return DeviceChoice([await choose_launch_stratum(lab, kind, None, budget_seconds) for kind in named])
        requested = ANY
    if requested is None or requested.strip().lower() != ANY:
        return DeviceChoice([await choose_launch_stratum(lab, requested, of_base, budget_seconds)])
    return await _first_done(lab, budget_seconds, count, with_baseline=with_baseline)


async def _first_done(lab: Lab, budget_seconds: float | None, count: int, *, with_baseline: bool) -> DeviceChoice:
    """Choose the kind that finishes first; among kinds that finish together the fastest, then the cheapest."""
    speeds = await relative_speeds(lab)
    offers: list[Offer] = []
    refusal: AllowanceError | BadInputError | None = None
    for kind in await _usable(lab):
        try:
            offers.append(await _offer(lab, kind, budget_seconds, count, speeds, with_baseline=with_baseline))
        except (AllowanceError, BadInputError) as error:  # another kind may be possible
            refusal = error
    if not offers:
        raise refusal or BadInputError(
            "No pool of this lab has a GPU", "Ask the person to add a pool to labhand.toml, or to run `labhand doctor`"
        )
    soonest = min(_done_in(offer) for offer in offers)
    best = min(
        (offer for offer in offers if _done_in(offer) <= soonest + MAX_TIE_SECONDS),
        key=lambda offer: (-offer.speed, offer.estimate.usd or 0.0),
    )
    times = ", ".join(f"{offer.setting.gpu} in about {_done_in(offer):.0f} s" for offer in sorted(offers, key=_done_in))
    return DeviceChoice([best.setting], f"{best.setting.gpu} finishes first within the allowance ({times})")


async def _offer(
    lab: Lab, kind: str, budget_seconds: float | None, count: int, speeds: Mapping[str, float], *, with_baseline: bool
) -> Offer:
    setting = await choose_launch_stratum(lab, kind, None, budget_seconds)
    each = await estimates.gpu_seconds_each(lab.db, setting, lab.trainer)
    limits, committed = lab.allowance(), await spending.committed(lab.db, time.time())
    wanted = _runs_cost(count, each, setting)
    if with_baseline:
        missing, has_none = await _missing_replicates(lab, setting)
        one_run = _runs_cost(1, each, setting)
        count += allowance.affordable_replicates(limits, committed, wanted, one_run, missing, needs_one=has_none)
        wanted = _runs_cost(count, each, setting)
    allowance.check(limits, committed, wanted)
    allowance.refuse_unpriced(lab, limits, kind, is_priced=setting.is_priced)
    ahead = await estimates.queue_ahead(lab.db, setting)
    return Offer(setting, estimates.estimate(setting, each, count, ahead), speeds.get(setting.gpu, 1.0))


def _runs_cost(count: int, gpu_seconds_each: float, setting: LaunchStratum) -> Committed:
    return Committed(count, count * gpu_seconds_each, count * estimates.usd(gpu_seconds_each, setting))


async def _missing_replicates(lab: Lab, setting: LaunchStratum) -> tuple[int, bool]:
    """Return how many replicates of baseline and champion a launch here would add, and whether the reference has none."""
    references = await proposals.reference_sources(lab)
    trees = [source.row.tree for source in references.both]
    earlier = await related.same_sources(lab.db, trees, setting.budget_seconds, setting.gpu)
    seeds = {(experiment.tree, experiment.seed) for experiment in earlier}

    def count(tree: str) -> int:
        return sum(source == tree for source, _ in seeds)

    return sum(lacking for _, lacking in references.lacking(count)), count(references.reference.row.tree) == 0


async def _usable(lab: Lab) -> list[str]:
    """Return the kinds on which an experiment can start now; all kinds if it can't start on any."""
    pools = await lab.pools()
    desired = await clusters.desired(lab.db)
    usable = [pool for pool in pools if not pool.note and (pool.name not in desired or desired[pool.name].clusters > 0)]
    return list(dict.fromkeys(pool.gpu for pool in usable or pools))


def _done_in(offer: Offer) -> float:
    return offer.estimate.done_in_seconds or 0.0
