"""The `skypilot` backend, its hosts and its runners, on clusters that are folders of this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from labhand.server.backends.base import Backend, ClusterBackend, Phase
from labhand.server.backends.skypilot import backoff, cluster_agent, delivery
from labhand.server.backends.skypilot.api import SkyError
from labhand.server.backends.skypilot.skypilot_backend import SkyPilotBackend
from labhand.server.domain import Run
from labhand.server.errors import NoCapacityError
from labhand.server.pool_settings import SkyPilotPool
from labhand.server.testing import sample_runs
from labhand.server.testing.conformance import RunnerConformance
from labhand.server.testing.sample_runs import LONG_SECONDS, run_folder, start
from typing_extensions import override

from ....waiting import until
from .fake import FakeSky

pytestmark = pytest.mark.anyio
CAPACITY = SkyError("no_capacity", "no H100 is free")


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a person's patience waits shorter here."""
    for module, name, seconds in (
        (cluster_agent, "RETRY_SECONDS", 0.05),
        (cluster_agent, "WATCH_SECONDS", 0.5),
        (cluster_agent, "SUSPECT_SECONDS", 0.1),
        (cluster_agent, "CONFIRM_SECONDS", 0.05),
        (cluster_agent, "PENDING_SECONDS", 0.1),
        (delivery, "RETRY_SECONDS", 0.05),
        (delivery, "GATHER_SECONDS", 0.01),
        (delivery, "UNREPORTED_SECONDS", 5.0),
        (backoff, "MIN_SECONDS", 0.5),
    ):
        monkeypatch.setattr(module, name, seconds)


def pool(sky: FakeSky, place: Path, **settings: Any) -> SkyPilotBackend:  # noqa: ANN401
    """One cluster of two GPUs, unless told otherwise."""
    told = {
        "backend": "skypilot",
        "infra": "slurm/lab",
        "gpu": "H100",
        "gpus_per_cluster": 2,
        "python": sys.executable,
    } | settings
    return SkyPilotBackend("h100", SkyPilotPool.model_validate(told), place, sky)


class TestSkyPilot(RunnerConformance):
    @pytest.fixture(autouse=True)
    def outside(self, sky: FakeSky) -> None:
        self.sky = sky

    @override
    def backend(self, place: Path) -> Backend:
        return pool(self.sky, place)

    @override
    def where_it_runs(self, folder: Path) -> Path:
        [found] = self.sky.clusters.values()
        [there] = found.home.glob(f".labhand/*/runs/{folder.name}")
        return there


@asynccontextmanager
async def running(sky: FakeSky, place: Path, **settings: Any) -> AsyncGenerator[tuple[SkyPilotBackend, Run]]:  # noqa: ANN401
    """A backend with one long run that is at work."""
    async with pool(sky, place, **settings) as backend:
        run = await start(backend, run_folder(place, "e0001-1", duration=LONG_SECONDS))
        await sample_runs.until(backend, run, Phase.RUNNING)
        yield backend, run


async def test_a_cluster_is_launched_as_the_settings_say(sky: FakeSky, place: Path) -> None:
    async with pool(sky, place, use_spot=True, image="docker:torch", idle_minutes=7, cpus_per_gpu=6) as backend:
        run = await start(backend, run_folder(place, "e0001-1"))
        await sample_runs.until(backend, run, Phase.FINISHED)
        [(name, machine)] = sky.launched
        assert (machine.infra, machine.gpu, machine.gpus, machine.cpus) == ("slurm/lab", "H100", 2, 12)
        assert (machine.use_spot, machine.image, machine.idle_minutes) == (True, "docker:torch", 7)
        [cluster] = await backend.clusters()
        assert (cluster.name, cluster.status, cluster.gpus, cluster.usd_per_cluster_hour) == (name, "up", 2, 5.0)


async def test_a_run_takes_a_group_of_a_clusters_gpus(sky: FakeSky, place: Path) -> None:
    async with pool(sky, place, gpus_per_cluster=4, gpus_per_experiment=2) as backend:
        told = await backend.pool()
        assert (told.gpu, told.slots, told.gpus_per_slot, told.gpus_per_cluster) == ("2xH100", 2, 2, 4)
        names = ("e0001-1", "e0002-1", "e0003-1")
        runs = [await start(backend, run_folder(place, name, duration=0.5)) for name in names[:2]]
        with pytest.raises(NoCapacityError):
            await start(backend, run_folder(place, names[2]))
        for run in runs:
            assert sample_runs.result_of(await sample_runs.until(backend, run, Phase.FINISHED)).status == "succeeded"
        assert [cluster.gpus for cluster in await backend.clusters()] == [4]


async def test_what_waits_for_a_cluster_goes_back_to_the_queue_when_none_is_to_come(sky: FakeSky, place: Path) -> None:
    backend = pool(sky, place)
    runs = [await start(backend, run_folder(place, name)) for name in ("e0001-1", "e0002-1")]
    await backend.scale(0)
    async with backend:
        for run in runs:
            await _until_phase(backend, run, Phase.RETURNED)
        assert sky.launched == []


async def test_where_there_is_no_capacity_the_next_choice_is_tried(sky: FakeSky, place: Path) -> None:
    sky.troubles["launch"].append(CAPACITY)
    async with pool(sky, place, infra=["k8s/one", "aws"]) as backend:
        run = await start(backend, run_folder(place, "e0001-1"))
        assert sample_runs.result_of(await sample_runs.until(backend, run, Phase.FINISHED)).status == "succeeded"
    assert [machine.infra for _, machine in sky.launched] == ["k8s/one", "aws"]
    assert len({name for name, _ in sky.launched}) == 2


async def test_a_run_is_given_back_where_no_cluster_can_be_launched_and_the_pool_says_why(sky: FakeSky, place: Path) -> None:
    sky.troubles["launch"].append(CAPACITY)
    async with pool(sky, place) as backend:
        folder = run_folder(place, "e0001-1")
        run = await start(backend, folder)
        await _until_phase(backend, run, Phase.RETURNED)
        assert "no H100 is free" in (await backend.pool()).note
        assert sky.clusters == {}
        await _until_usable(backend)
        again = await start(backend, folder)
        assert sample_runs.result_of(await sample_runs.until(backend, again, Phase.FINISHED)).status == "succeeded"


async def test_a_set_up_that_fails_tells_the_lines_that_matter(sky: FakeSky, place: Path) -> None:
    async with pool(sky, place, setup="echo fetching; echo 'no space left' >&2; exit 3") as backend:
        run = await start(backend, run_folder(place, "e0001-1"))
        await _until_phase(backend, run, Phase.RETURNED)
        note = (await backend.pool()).note
        assert "set-up failed" in note
        assert "no space left" in note
        await until(lambda: not sky.clusters)


async def test_a_machine_that_is_taken_away_loses_what_ran_there(sky: FakeSky, place: Path) -> None:
    async with running(sky, place) as (backend, run):
        [name] = sky.clusters
        sky.vanish(name)
        assert (await sample_runs.until(backend, run, Phase.LOST)).result is None
        [cluster] = await backend.clusters()
        assert (cluster.name, cluster.status) == (name, "gone")
        assert cluster.ended_at is not None


async def test_nothing_is_lost_while_nobody_answers(sky: FakeSky, place: Path) -> None:
    async with running(sky, place) as (backend, run):
        sky.is_away = True
        before = sky.calls["status"] + sky.calls["follow"]
        await until(lambda: sky.calls["status"] + sky.calls["follow"] > before + 5)
        assert (await sample_runs.look(backend, run)).phase == "running"
        sky.is_away = False
        await sample_runs.end(backend, run)


async def test_a_log_that_was_cut_is_read_once_more(sky: FakeSky, place: Path) -> None:
    async with pool(sky, place) as backend:
        run = await start(backend, run_folder(place, "e0001-1", duration=1.0))
        await sample_runs.until(backend, run, Phase.RUNNING)
        sky.cut()
        assert sample_runs.result_of(await sample_runs.until(backend, run, Phase.FINISHED)).status == "succeeded"
        assert sky.calls["follow"] >= 2


async def test_a_host_that_was_cancelled_is_followed_by_one_that_takes_over(sky: FakeSky, place: Path) -> None:
    async with pool(sky, place) as backend:
        run = await start(backend, run_folder(place, "e0001-1", duration=2.0))
        await sample_runs.until(backend, run, Phase.RUNNING)
        [name] = sky.clusters
        sky.kill_host(name)
        assert sample_runs.result_of(await sample_runs.until(backend, run, Phase.FINISHED)).status == "succeeded"
        assert sum("labhand.trainer.host" in script for script in sky.scripts) == 2


async def test_results_that_came_while_nobody_listened_are_found(sky: FakeSky, place: Path) -> None:
    async with pool(sky, place) as first:
        run = await start(first, run_folder(place, "e0001-1", duration=0.5))
        await sample_runs.until(first, run, Phase.RUNNING)
    [cluster] = sky.clusters.values()
    await until(lambda: list(cluster.home.glob(".labhand/*/runs/e0001-1/kept")))
    async with pool(sky, place) as later:
        assert sample_runs.result_of(await sample_runs.until(later, run, Phase.FINISHED)).status == "succeeded"


async def test_with_storage_a_result_outlives_its_cluster(sky: FakeSky, place: Path, tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    async with pool(sky, place, storage=str(storage)) as first:
        run = await start(first, run_folder(place, "e0001-1", duration=0.5))
        await sample_runs.until(first, run, Phase.RUNNING)
    await until(lambda: list(storage.glob("*/e0001-1/result.json")))
    sky.end_all()
    async with pool(sky, place, storage=str(storage)) as later:
        assert sample_runs.result_of(await sample_runs.until(later, run, Phase.FINISHED)).status == "succeeded"
        assert "val_loss" in (place / "e0001-1" / "log.txt").read_text("utf-8")


async def test_scaling_holds_clusters_without_work_and_gives_them_up(sky: FakeSky, place: Path) -> None:
    async with pool(sky, place, max_clusters=2) as backend:
        await backend.scale(2)
        await until(lambda: len(sky.clusters) == 2)
        await backend.scale(1)
        await until(lambda: len(sky.clusters) == 1)
        await backend.scale(0)
        await until(lambda: not sky.clusters)
        assert await backend.free() == 0
        assert await backend.remaining() == []
        await _until_all_gone(backend)


async def test_an_unwell_cluster_is_torn_down_before_its_runs_are_lost(sky: FakeSky, place: Path) -> None:
    async with running(sky, place) as (backend, run):
        [(name, cluster)] = sky.clusters.items()
        cluster.status = "INIT"
        sky.cut()
        sky.troubles["follow"].extend([SkyError("not_up", "it is not up")] * 50)
        assert (await sample_runs.until(backend, run, Phase.LOST)).result is None
        assert name not in sky.clusters


@pytest.mark.slow
async def test_many_short_runs_go_to_both_gpus_several_in_a_delivery(sky: FakeSky, place: Path) -> None:
    backend = pool(sky, place)
    todo = [run_folder(place, f"e{number:04d}-1") for number in range(1, 21)]
    runs = [await start(backend, todo.pop(0)) for _ in range(2)]
    async with backend:

        async def are_started() -> bool:
            if await backend.free():
                runs.append(await start(backend, todo.pop(0)))
            return not todo

        await until(are_started)
        for run in runs:
            assert sample_runs.result_of(await sample_runs.until(backend, run, Phase.FINISHED)).status == "succeeded"
    [cluster] = sky.clusters.values()
    used = {json.loads(spec.read_text("utf-8"))["gpu"] for spec in cluster.home.glob(".labhand/*/runs/*/spec.json")}
    assert used == {"0", "1"}
    assert sky.scripts[0].count("base64 -d") == 2 + 1  # two runs, and the training core that comes with the host


async def test_nothing_secret_travels(sky: FakeSky, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret-key")
    sky.troubles["launch"].append(SkyError("other", "it failed"))
    async with pool(sky, place) as backend:
        run = await start(backend, run_folder(place, "e0001-1"))
        await _until_phase(backend, run, Phase.RETURNED)
        await _until_usable(backend)
        run = await start(backend, place / "e0001-1")
        await sample_runs.until(backend, run, Phase.FINISHED)
    assert "planted-secret-key" not in "".join(sky.scripts)
    for file in place.parent.rglob("*"):
        assert not file.is_file() or b"planted-secret-key" not in file.read_bytes()


async def _until_phase(backend: Backend, run: Run, phase: Phase) -> None:
    async def is_there() -> bool:
        return (await sample_runs.look(backend, run)).phase == phase

    await until(is_there)


async def _until_usable(backend: Backend) -> None:
    async def is_usable() -> bool:
        return not (await backend.pool()).note

    await until(is_usable)


async def _until_all_gone(backend: ClusterBackend) -> None:
    async def are_gone() -> bool:
        return {cluster.status for cluster in await backend.clusters()} == {"gone"}

    await until(are_gone)
