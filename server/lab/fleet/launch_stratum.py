"""The stratum of a launch, as far as it is known before a run: trainer, kind of GPU and budget."""

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
"""Assumed time in which a cluster starts, until the lab has measured it."""


@dataclass(frozen=True, slots=True)
class LaunchStratum:
    """Where experiments run and for how long. Experiments of one launch stratum share seeds and can be compared.

    Attributes:
        name: A short name, the same in every process: `gpt-1f3a90c2/H100/300s`.
        slots: Number of experiments that run at once.
        usd_per_slot_hour: Price of one GPU of a slot for one hour, 0 where it is free. The price of the most expensive pool, so
            that an estimate isn't too low.
        is_priced: Whether the price is known. A backend that asks a service for it may not have the answer yet.
        cold_seconds: Seconds until a first slot is available; more than 0 where a cluster has to be launched.
        gpus_per_slot: GPUs that one experiment holds.
    """

    lab: str
    name: str
    gpu: str
    clock: Clock
    budget_seconds: float
    slots: int
    usd_per_slot_hour: float
    is_priced: bool = True
    cold_seconds: float = 0.0
    gpus_per_slot: int = 1

    def seed(self, replicate: int) -> int:
        """Return the seed of replicate k."""
        return SeedStream.of_replicates(self.lab, self.name).seed(replicate)


async def choose_launch_stratum(
    lab: Lab, requested: str | None, of_base: str | None, budget_seconds: float | None, *, needs_slots: bool = True
) -> LaunchStratum:
    """Choose the kind of GPU and the budget of a launch.

    Args:
        lab: The lab.
        requested: The kind that the caller names; None for the base's kind, or the first pool's where the base has none.
        of_base: The kind that the base ran on, if it ran.
        budget_seconds: Seconds of training; None for the lab's budget, or the trainer's where the lab has none.
        needs_slots: Refuse pools that have no slot, because something is to be launched.

    Raises:
        BadInputError: No pool has this kind, or its pools don't allow this budget.
        SettingsError: The pools in `labhand.toml` were renamed while this process ran.
    """
    pools = await lab.pools()
    if not pools:
        names = ", ".join(lab.settings.pools)
        raise SettingsError(
            f"The pools {names}, which this server read from labhand.toml, are no longer those of the lab: they were renamed",
            "Reconnect the MCP server, so that it reads the file again",
        )
    gpu = _choose_kind(pools, requested, of_base)
    chosen = [pool for pool in pools if pool.gpu == gpu]
    if needs_slots:
        _refuse_unusable(gpu, chosen)
    clock = chosen[0].clock
    trainers_own = lab.trainer.cpu_seconds if clock == "cpu" else lab.trainer.budget_seconds
    seconds = budget_seconds or lab.settings.budget_seconds or trainers_own
    max_seconds = max(lab.settings.pools[pool.name].max_budget_seconds for pool in chosen)
    if seconds > max_seconds:
        raise BadInputError(
            f"budget_seconds={seconds:g} is more than the pools of {gpu} allow for one experiment",
            f"Give {max_seconds:g} at most; the person can raise max_budget_seconds in labhand.toml",
        )
    return LaunchStratum(
        lab=lab.identity,
        name=f"{trainer_prefix(lab)}{gpu}/{seconds:g}s",
        gpu=gpu,
        clock=clock,
        budget_seconds=seconds,
        slots=sum(pool.slots for pool in chosen),
        usd_per_slot_hour=max(pool.usd_per_slot_hour for pool in chosen),
        is_priced=all(pool.is_priced for pool in chosen),
        cold_seconds=await _cold_seconds(lab, chosen),
        gpus_per_slot=max(pool.gpus_per_slot for pool in chosen),
    )


def trainer_prefix(lab: Lab) -> str:
    """Return how the names of all launch strata begin under the trainer as it is now, its protected files included."""
    return f"{lab.trainer.name}-{lab.trainer.protected_digest[:8]}/"


async def _cold_seconds(lab: Lab, pools: Sequence[Pool]) -> float:
    """Return the seconds until a cluster of these pools is up; 0 where one of them has slots already."""
    launching = [pool.name for pool in pools if pool.most_clusters]
    up = {
        held.cluster.pool
        for held in await clusters.held_clusters(lab.db, time.time(), ended=False)
        if held.cluster.status == "up"
    }
    if len(launching) < len(pools) or up.intersection(launching):
        return 0.0
    startups = [await clusters.startup_seconds(lab.db, name) for name in launching]
    return min(COLD_SECONDS if seconds is None else seconds for seconds in startups)


def _refuse_unusable(gpu: str, pools: Sequence[Pool]) -> None:
    """Refuse pools of which none has a slot, as where the GPU driver of this machine is broken.

    Raises:
        SettingsError: With the pools' notes.
    """
    if not any(pool.slots for pool in pools):
        notes = "; ".join(f"{pool.name}: {pool.note or 'it has no slots'}" for pool in pools)
        raise SettingsError(f"No experiment can run on {gpu}: {notes}", "`labhand doctor` says more")


def _choose_kind(pools: Sequence[Pool], requested: str | None, of_base: str | None) -> str:
    kinds = {pool.gpu.lower(): pool.gpu for pool in pools}
    if requested is None:
        return kinds.get((of_base or "").lower(), pools[0].gpu)
    matching = matching_kinds(requested, dict.fromkeys(pool.gpu for pool in pools))
    if not matching:
        remedy = nearest(requested, kinds.values(), "kinds of GPU", "list_gpus shows them")
        raise BadInputError(f"There is no GPU {requested!r} in this lab", remedy)
    if len(matching) > 1:
        names = ", ".join(matching)
        raise BadInputError(f"gpu={requested!r} can mean several kinds of this lab: {names}", f'Name one: gpu="{matching[0]}"')
    return matching[0]
