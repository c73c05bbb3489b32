"""The look at the database that takes no library: what it says is what the store says."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.domain import ACTIVE, Status
from labhand.server.store import glance
from labhand.server.store.experiments import progress, stats
from labhand.server.store.experiments.filter import Filter
from labhand.server.store.glance import SeenGlance, read_glance
from labhand.server.store.running.holds import active_holds

from ..lab import builders

pytestmark = pytest.mark.anyio


def test_the_states_of_a_run_are_those_of_the_domain() -> None:
    assert set(glance.ACTIVE) == set(ACTIVE)


async def test_it_counts_what_the_store_counts(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.many(lab, 60)
        grid = await builders.grid(lab)
        for status in ("queued", "starting", "running", "evaluating"):
            await builders.experiment(lab, status=status)
        await builders.experiment(lab, grid=grid)
        await builders.storm(lab, grid)
        read = read_glance(lab.folder / "lab.db", None)
        assert read is not None
        pending = await progress.pending(lab.db, Filter())
        held = [number for hold in await active_holds(lab.db) for number in hold.experiments]
        by_status = await stats.by_status(lab.db)

    active = sorted(number for status in ACTIVE for number in pending.get(status, ()))
    assert (list(read.pending.active), list(read.pending.held)) == (active, held)
    queued = sorted({*read.pending.queued, *read.pending.held})
    assert queued == pending[Status.QUEUED]
    assert sum(read.news.verdicts.values()) == by_status[Status.SUCCEEDED]
    assert sum(read.news.failures.values()) == by_status[Status.FAILED]
    assert read.seen.experiments == 60


async def test_it_reads_only_what_ended_since(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=2.2, verdict="worse")
        await builders.failure(lab)

        since = [read_glance(lab.folder / "lab.db", SeenGlance(experiments=seen)) for seen in (0, 1, 2)]

    assert [(read.news.verdicts, read.news.failures) for read in since if read] == [
        ({"worse": 1}, {"crashed": 1}),
        ({}, {"crashed": 1}),
        ({}, {}),
    ]


def test_it_makes_no_database(tmp_path: Path) -> None:
    assert read_glance(tmp_path / "lab.db", None) is None
    assert list(tmp_path.iterdir()) == []


async def test_it_writes_nothing(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab)
        before = await lab.db.version()
        read_glance(lab.folder / "lab.db", None)

        assert await lab.db.version() == before
