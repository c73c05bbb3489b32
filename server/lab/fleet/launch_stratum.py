"""A setting: trainer, kind of device and budget, the stratum as far as it is known at launch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ....trainer.contract.gpu_names import matching_kinds
from ...domain import Clock, Pool
from ...errors import BadInputError, SettingsError, nearest
from ...seeds import SeedStream
from ...store.money import clusters
from ..lab import Lab

COLD_SECONDS = 180.0
"""What a cluster takes to come up, until one has."""


@dataclass(frozen=True, slots=True)
class LaunchStratum:
    """Where experiments run and for how long. Those in one setting share seeds, and can be compared.

    Attributes:
        name: Short and the same in every process: `gpt-1f3a90c2/H100/300s`.
        slots: How many run at once.
        usd_per_hour: Of one slot, 0 where it costs nothing; the dearest pool's, so that an estimate isn't too low.
        is_priced: The price is known; a backend that has to ask for it may not have done so yet.
        cold_seconds: Until a first slot is there: more than 0 where a cluster has to be launched.
    """

    lab: str
    name: str
    gpu: str
    clock: Clock
    budget_seconds: float
    slots: int
    usd_per_hour: float
    is_priced: bool = True
    cold_seconds: float = 0.0

    def seed(self, replicate: int) -> int:
        """The seed of replicate k."""
        return SeedStream.of_replicates(self.lab, self.name).seed(replicate)


async def choose_launch_stratum(
    lab: Lab, asked: str | None, of_base: str | None, budget_seconds: float | None, *, needs_slots: bool = True
) -> LaunchStratum:
    """Resolve a launch to one kind of device and one budget.

    Args:
        lab: The lab.
        asked: The kind that the caller names; None for the base's, or else the first pool's.
        of_base: The kind that the base ran on, if it ran.
        budget_seconds: None for the lab's, or else the trainer's.
        needs_slots: Something is to be launched, so refuse pools that have no slot.

    Raises:
        BadInputError: There is no such kind, or its pools don't allow that budget.
        SettingsError: `labhand.toml` names other pools by now, or the pools of that kind have no slots.
    """
    pools = await lab.pools()
    if not pools:
        raise SettingsError(
            "The pools in labhand.toml were renamed since this process read it", "Restart it: reconnect the server"
        )
    gpu = _choose_kind(pools, asked, of_base)
    chosen = [pool for pool in pools if pool.gpu == gpu]
    if needs_slots:
        _refuse_unusable(gpu, chosen)
    clock = chosen[0].clock
    trainers_own = lab.trainer.cpu_seconds if clock == "cpu" else lab.trainer.budget_seconds
    seconds = budget_seconds or lab.settings.budget_seconds or trainers_own
    most = max(lab.settings.pools[pool.name].max_budget_seconds for pool in chosen)
    if seconds > most:
        raise BadInputError(
            f"budget_seconds={seconds:g} is more than the pools of {gpu} allow for one experiment",
            f"Give {most:g} at the most; the person can raise max_budget_seconds in labhand.toml",
        )
    return LaunchStratum(
        lab=lab.identity,
        name=f"{lab.trainer.name}-{lab.trainer.protected_digest[:8]}/{gpu}/{seconds:g}s",
        gpu=gpu,
        clock=clock,
        budget_seconds=seconds,
        slots=sum(pool.slots for pool in chosen),
        usd_per_hour=max(pool.usd_per_hour for pool in chosen),
        is_priced=all(pool.is_priced for pool in chosen),
        cold_seconds=await _cold_seconds(lab, chosen),
    )


async def _cold_seconds(lab: Lab, pools: Sequence[Pool]) -> float:
    """How long a cluster takes to come up, where none of these pools has slots without."""
    hired = [pool.name for pool in pools if pool.most_clusters]
    up = {
        one.cluster.pool for one in await clusters.held_clusters(lab.db, time.time(), ended=False) if one.cluster.status == "up"
    }
    if len(hired) < len(pools) or up.intersection(hired):
        return 0.0
    known = [await clusters.startup_seconds(lab.db, name) for name in hired]
    return min(COLD_SECONDS if seconds is None else seconds for seconds in known)


def _refuse_unusable(gpu: str, pools: Sequence[Pool]) -> None:
    """Refuse pools of which none has a slot, as where this machine's GPU driver is broken.

    Raises:
        SettingsError: With the pools' notes.
    """
    if not any(pool.slots for pool in pools):
        notes = "; ".join(f"{pool.name}: {pool.note or 'it has no slots'}" for pool in pools)
        raise SettingsError(f"No experiment can run on {gpu}: {notes}", "`labhand doctor` says more")


def _choose_kind(pools: Sequence[Pool], asked: str | None, of_base: str | None) -> str:
    kinds = {pool.gpu.lower(): pool.gpu for pool in pools}
    if asked is None:
        return kinds.get((of_base or "").lower(), pools[0].gpu)
    matching = matching_kinds(asked, dict.fromkeys(pool.gpu for pool in pools))
    if not matching:
        raise BadInputError(f"There is no GPU {asked!r} in this lab", f"{nearest(asked, kinds.values())} See list_gpus")
    if len(matching) > 1:
        raise BadInputError(
            f"gpu={asked!r} names several kinds of this lab", f"Name one of {', '.join(matching)}, or a list of them"
        )
    return matching[0]
