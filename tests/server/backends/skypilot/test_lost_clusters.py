"""Issue 10, lines 22 to 24: clusters that vanish unasked, that are down by SkyPilot's word only, and that wait for machines."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import anyio
import pytest
from labhand.server.backends.base import Phase
from labhand.server.backends.skypilot import backoff, cluster_agent, delivery
from labhand.server.backends.skypilot.scripts import check_command, host_script
from labhand.server.backends.skypilot.skypilot_backend import SkyPilotBackend
from labhand.server.domain import Cluster
from labhand.server.settings import SkyPilotPool
from labhand.server.testing import sample_runs
from labhand.server.testing.sample_runs import LONG_SECONDS, run_folder, start

from ....waiting import until
from .fake import FakeSky

pytestmark = pytest.mark.anyio
MAX_SECONDS = 30.0


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits between two questions."""
    for module, name, seconds in (
        (cluster_agent, "RETRY_SECONDS", 0.05),
        (cluster_agent, "WATCH_SECONDS", 0.3),
        (cluster_agent, "SUSPECT_SECONDS", 0.1),
        (cluster_agent, "CONFIRM_SECONDS", 0.05),
        (cluster_agent, "PENDING_SECONDS", 0.05),
        (delivery, "GATHER_SECONDS", 0.01),
        (backoff, "MIN_SECONDS", 0.5),
    ):
        monkeypatch.setattr(module, name, seconds)


@pytest.fixture
def sky(tmp_path: Path) -> Generator[FakeSky]:
    """SkyPilot."""
    sky = FakeSky(tmp_path / "machines")
    yield sky
    sky.end_all()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The lab's run folders."""
    place = tmp_path / "runs"
    place.mkdir()
    return place


def pool(sky: FakeSky, place: Path, **settings: Any) -> SkyPilotBackend:  # noqa: ANN401
    """Return a pool of one cluster of one GPU, unless told otherwise."""
    table = {"backend": "skypilot", "infra": "slurm/lab", "gpu": "H100", "python": sys.executable} | settings
    return SkyPilotBackend("h100", SkyPilotPool.model_validate(table), place, sky)


async def until_status(backend: SkyPilotBackend, status: str) -> Cluster:
    """Wait until the pool's only cluster has a status."""

    async def has_status() -> bool:
        return [cluster.status for cluster in await backend.clusters()] == [status]

    await until(has_status, MAX_SECONDS)
    [cluster] = await backend.clusters()
    return cluster


async def test_a_cluster_that_vanishes_though_it_is_up_is_lost_and_stays_on_the_bill(sky: FakeSky, place: Path) -> None:
    async with pool(sky, place) as backend:
        run = await start(backend, run_folder(place, "e0001-1", duration=LONG_SECONDS))
        await sample_runs.until(backend, run, Phase.RUNNING)
        [name] = sky.clusters
        sky.forget(name)
        lost = await until_status(backend, "lost")
        asked = sky.calls["exist"]

        async def asked_again() -> bool:
            return sky.calls["exist"] > asked + 3

        await until(asked_again, MAX_SECONDS)
        assert (await until_status(backend, "lost")).ended_at is None
        assert "it may be up and cost money" in lost.note
        assert "slurm/lab itself still has it" in lost.note
        assert check_command("slurm/lab", name) in lost.note
        assert await backend.remaining() == [name]

        sky.remember(name)
        assert (await until_status(backend, "up")).note == ""
        assert (await backend.poll([run]))[run.id].phase is Phase.RUNNING


@pytest.mark.parametrize("queue_is_reachable", [True, False])
async def test_two_answers_are_needed_before_a_vanished_cluster_is_believed_gone(
    sky: FakeSky, place: Path, *, queue_is_reachable: bool
) -> None:
    sky.queue_is_reachable = queue_is_reachable
    async with pool(sky, place) as backend:
        run = await start(backend, run_folder(place, "e0001-1", duration=LONG_SECONDS))
        await sample_runs.until(backend, run, Phase.RUNNING)
        [name] = sky.clusters
        statuses: list[str] = []
        sky.vanish(name)
        asked = sky.calls["exist"]

        async def is_gone() -> bool:
            [cluster] = await backend.clusters()
            statuses.append(cluster.status)
            return cluster.status == "gone"

        await until(is_gone, MAX_SECONDS)
        assert sky.calls["exist"] - asked >= 2
        [cluster] = await backend.clusters()
        assert ("SkyPilot says so" in cluster.note) == (not queue_is_reachable)
        assert cluster.ended_at is not None
        await sample_runs.until(backend, run, Phase.LOST)


async def test_a_cluster_is_down_only_when_its_queue_says_so_too(sky: FakeSky, place: Path) -> None:
    async with pool(sky, place) as backend:
        run = await start(backend, run_folder(place, "e0001-1", duration=LONG_SECONDS))
        await sample_runs.until(backend, run, Phase.RUNNING)
        [name] = sky.clusters
        sky.ignores_down = True
        await backend.scale(0)

        async def is_noted() -> bool:
            [cluster] = await backend.clusters()
            return "SkyPilot says that it is down, but slurm/lab still has it" in cluster.note

        await until(is_noted, MAX_SECONDS)
        [cluster] = await backend.clusters()
        assert (cluster.status, cluster.ended_at) == ("failed", None)
        assert await backend.remaining() == [name]
        sky.forgotten.pop(name).end()
        await until_status(backend, "gone")
        assert await backend.remaining() == []


async def test_the_command_that_asks_the_infrastructure_is_known_for_each_choice(sky: FakeSky, place: Path) -> None:
    backend = pool(sky, place, infra=["slurm/lab", "k8s/main", "aws", "lambda"])
    slurm, kubernetes, aws, console = backend.check_commands()
    assert slurm.startswith("squeue --me")
    assert kubernetes.startswith("kubectl get pods")
    assert aws.startswith("aws ec2 describe-instances")
    assert "the console of lambda" in console
    assert all("lh-" in command for command in (slurm, kubernetes, aws, console))


async def test_the_reason_of_the_scheduler_is_noted_word_for_word_while_a_launch_waits(sky: FakeSky, place: Path) -> None:
    sky.pending = "pending: QOSMaxGRESPerUser; partition: main"
    sky.holds_launches = anyio.Event()
    async with pool(sky, place) as backend:
        run = await start(backend, run_folder(place, "e0001-1"))

        async def is_noted() -> bool:
            return bool((await backend.pool()).note)

        await until(is_noted, MAX_SECONDS)
        note = (await backend.pool()).note
        assert "slurm/lab has not given 1 H100 yet: pending: QOSMaxGRESPerUser; partition: main" in note
        await sample_runs.until(backend, run, Phase.RETURNED)
        assert len(sky.launched) == 1  # it keeps its place in the queue
        sky.holds_launches.set()
        await until_status(backend, "up")
        assert (await backend.pool()).note == ""
        assert len(sky.launched) == 1


async def test_only_a_launch_without_another_choice_stays_in_the_queue(sky: FakeSky, place: Path) -> None:
    async with pool(sky, place) as backend:
        await backend.scale(1)
        await until_status(backend, "up")
    (place.parent / "other" / "runs").mkdir(parents=True)
    async with pool(sky, place.parent / "other" / "runs", infra=["slurm/lab", "aws"]) as backend:
        await backend.scale(1)
        await until_status(backend, "up")
    assert [machine.stays_queued for _, machine in sky.launched] == [True, False]


def test_a_host_has_no_variables_of_skypilot() -> None:
    settings = SkyPilotPool.model_validate({"backend": "skypilot", "infra": "slurm/lab", "gpu": "H100"})
    *_, unset, _, start_of_host = host_script(settings, None).splitlines()
    assert unset == "unset ${!SKYPILOT_@}"
    assert start_of_host.startswith("exec ")
