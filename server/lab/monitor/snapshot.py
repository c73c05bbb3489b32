"""The lab at one moment, as `labhand watch` shows it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...domain import Pool, RunStatus
from ...figures.slot_lanes import assign_lanes
from ...ids import experiment_id
from ...schemas.fleet import GpuList, Gpus
from ...schemas.lab_snapshot import ActiveRun, LabSnapshot, SlotBar, SlotSpan, SpanState
from ...schemas.results import ResultsQuery
from ...store.experiments.rows import find_experiments
from ...store.money import clusters
from ...store.running import runs
from ...store.running.runs import RecentRun
from ..fleet import gpus, scale
from ..lab import Lab
from ..results.experiment_rows import FEW_WORDS
from ..results.table import get_results
from ..sanitize import cut
from ..status_line import lab_line
from . import alerts
from .briefing import summarize_allowance


@dataclass(frozen=True, slots=True)
class SnapshotLimits:
    """How much a snapshot shows.

    Attributes:
        window_seconds: The time before the snapshot for which slots are shown.
        slots: The number of slots.
        active: The number of running experiments.
        recent: The number of ended experiments.
    """

    window_seconds: float = 1800.0
    slots: int = 32
    active: int = 32
    recent: int = 10


@dataclass(frozen=True, slots=True)
class _Use:
    """A run's use of a slot; what still runs ends now."""

    run: RecentRun
    now: float

    @property
    def pool(self) -> str:
        return self.run.pool

    @property
    def began(self) -> float:
        return self.run.began

    @property
    def ended(self) -> float:
        return self.now if self.run.ended is None else self.run.ended


async def take_snapshot(lab: Lab, limits: SnapshotLimits) -> LabSnapshot:
    """Return the lab as it is now. Every figure is what the tools answer."""
    now = time.time()
    start = now - limits.window_seconds
    listed: GpuList = await gpus.list_gpus(lab)
    recent_runs = await runs.recent(lab.db, start)
    bars = _slot_bars(await lab.pools(), {pool.pool: pool for pool in listed.pools}, recent_runs, start, now)
    active = [run for run in recent_runs if run.ended is None]
    results = await get_results(lab, ResultsQuery(status="finished", sort_by="finished_at", limit=max(1, limits.recent)))
    return LabSnapshot(
        at=now,
        window_seconds=limits.window_seconds,
        goal=lab.settings.goal or f"Improve {lab.trainer.metric.name} of the trainer {lab.trainer.name}",
        metric=lab.trainer.metric.name,
        direction=lab.trainer.metric.direction,
        lab=await lab_line(lab),
        pools=listed.pools,
        slots=bars[: limits.slots],
        slots_left_out=max(0, len(bars) - limits.slots),
        active=await _active(lab, active[: limits.active], now),
        active_left_out=max(0, len(active) - limits.active),
        recent=results.rows,
        common=results.common if results.rows else None,
        clusters=await scale.held_clusters(lab),
        usd_per_hour=await _usd_per_hour(lab, now),
        allowance=await summarize_allowance(lab),
        attention=[alert.line for alert in await alerts.scan(lab)],
    )


async def _active(lab: Lab, active: Sequence[RecentRun], now: float) -> list[ActiveRun]:
    by_number = {one.number: one for one in await find_experiments(lab.db, [run.number for run in active])}
    return [
        ActiveRun(
            id=experiment_id(run.number),
            run=run.id,
            pool=run.pool,
            status=run.status,
            seconds=round(now - run.began, 1),
            budget_seconds=by_number[run.number].budget_seconds,
            by=cut(by_number[run.number].launched_by, FEW_WORDS),
            changes=cut(by_number[run.number].changes, FEW_WORDS),
        )
        for run in active
        if run.number in by_number
    ]


async def _usd_per_hour(lab: Lab, now: float) -> float | None:
    held = await clusters.held_clusters(lab.db, now, ended=False)
    return round(sum(row.cluster.usd_per_cluster_hour for row in held), 2) or None


def _slot_bars(
    pools: Sequence[Pool], listed: Mapping[str, Gpus], recent: Sequence[RecentRun], start: float, now: float
) -> list[SlotBar]:
    """Return a bar for each slot: those that runs used, then those of which none was used."""
    lanes: dict[str, list[list[_Use]]] = {pool.name: [] for pool in pools}
    for pool_name, lane in assign_lanes(_Use(run, now) for run in recent):
        lanes.setdefault(pool_name, []).append(lane)
    began = max(start, min((run.began for run in recent), default=now))
    for pool in pools:
        unused = _slot_count(pool, listed[pool.name]) - len(lanes[pool.name])
        lanes[pool.name] += [[] for _ in range(unused)]
    return [
        _slot_bar(name, place, lane, began, now) for name, of_pool in lanes.items() for place, lane in enumerate(of_pool, 1)
    ]


def _slot_count(pool: Pool, listed: Gpus) -> int:
    """Return how many slots a pool has now: those of clusters that are up, and not those that it could launch."""
    if not pool.most_clusters:
        return max(0, pool.slots - pool.taken)
    return (listed.clusters_up or 0) * pool.gpus_per_cluster // pool.gpus_per_slot


def _slot_bar(pool: str, place: int, lane: Sequence[_Use], began: float, now: float) -> SlotBar:
    span = now - began
    busy = sum(max(0.0, min(use.ended, now) - max(use.began, began)) for use in lane)
    last_end = max((use.ended for use in lane), default=began)
    is_busy = any(use.run.ended is None for use in lane)
    return SlotBar(
        pool=pool,
        slot=place,
        spans=[SlotSpan(run=use.run.id, state=_state(use.run), began=round(use.began, 1), ended=use.run.ended) for use in lane],
        idle_share=round(max(0.0, 1 - busy / span), 3) if span > 0 else 0.0,
        idle_seconds=None if is_busy else round(now - last_end, 1),
    )


def _state(run: RecentRun) -> SpanState:
    if run.ended is None:
        return "running"
    return "scored" if run.has_score and run.status is RunStatus.FINISHED else "no_score"
