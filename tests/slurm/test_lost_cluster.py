"""On a real Slurm, SkyPilot forgets a cluster that is up, and a launch waits in Slurm's queue."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
import pytest
from labhand.server.backends.base import Phase
from labhand.server.backends.skypilot import cluster_agent
from labhand.server.domain import Cluster
from labhand.server.testing import sample_runs
from labhand.server.testing.sample_runs import LONG_SECONDS, run_folder, start

from ..waiting import until
from .bed.control import Bed
from .pools import PATIENCE_SECONDS, OnItsOwn, backend, given_up_after, work_folder

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(1200)]
FORGET = "import sys; from sky import global_user_state; global_user_state.remove_cluster(sys.argv[1], terminate=True)"
"""What SkyPilot does when it believes that all nodes of a cluster are terminated (skypilot #10457)."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The lab's run folders."""
    place = tmp_path / "runs"
    place.mkdir()
    return place


async def until_cluster(pool: OnItsOwn, status: str) -> Cluster:
    """Wait until the pool's newest cluster has a status."""

    async def has_status() -> bool:
        return [cluster.status for cluster in await pool.clusters()][-1:] == [status]

    await until(has_status, PATIENCE_SECONDS)
    return (await pool.clusters())[-1]


async def test_a_cluster_that_skypilot_forgets_is_lost_until_slurm_itself_says_that_it_is_gone(
    bed: Bed, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_agent, "WATCH_SECONDS", 5.0)
    others = bed.occupy("h100")
    async with given_up_after(place, bed.python), backend(place, bed.python) as pool:
        run = await start(pool, run_folder(place, "e0001-1", duration=LONG_SECONDS))

        async def has_reason() -> bool:
            return bool((await pool.pool()).note)

        await until(has_reason, PATIENCE_SECONDS)
        assert "slurm/lab has not given 2 H100 yet: pending: Resources" in (await pool.pool()).note
        await sample_runs.until(pool, run, Phase.RETURNED, PATIENCE_SECONDS)
        [waiting] = [job for job in bed.jobs() if job.name.startswith("lh-")]
        bed.cancel(others)
        cluster = await until_cluster(pool, "up")
        [running] = [job for job in bed.jobs() if job.name.startswith("lh-")]
        assert running.id == waiting.id  # the launch kept its place in the queue

        run = await start(pool, place / "e0001-1")
        await sample_runs.until(pool, run, Phase.RUNNING, PATIENCE_SECONDS)
        [host] = [folder for folder in work_folder(run.id).parents if folder.name == cluster.name]
        assert host.is_dir()

        await anyio.run_process([sys.executable, "-c", FORGET, cluster.name], env=bed.environment)
        with bed.cut_connection():  # the host that is listened to is proof enough, until its log is cut
            pass
        lost = await until_cluster(pool, "lost")
        assert lost.ended_at is None
        assert "slurm/lab itself still has it" in lost.note
        assert await pool.remaining() == [cluster.name]

        bed.cancel(running)
        gone = await until_cluster(pool, "gone")
        assert gone.name == cluster.name
        assert "its queue has no such job" in gone.note
        await sample_runs.until(pool, run, Phase.LOST, PATIENCE_SECONDS)
    assert bed.jobs() == []
