"""Clusters that vanish unasked, that are down by SkyPilot's word only, and that wait for machines."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from labhand.server.backends.base import Phase, StartRequest
from labhand.server.backends.skypilot import backoff, cluster_agent, delivery
from labhand.server.backends.skypilot.run_mirror import may_be_clusters_end
from labhand.server.backends.skypilot.scripts import check_command
from labhand.server.backends.skypilot.skypilot_backend import SkyPilotBackend
from labhand.server.domain import Cluster
from labhand.server.errors import BadInputError
from labhand.server.pool_settings import SkyPilotPool
from labhand.server.testing import sample_runs
from labhand.server.testing.sample_runs import LONG_SECONDS, run_folder, start
from labhand.trainer.cluster.time_limit import seconds_left
from labhand.trainer.contract.run_folder import RunFolder

from ....waiting import until
from .fake import PLANTED_KEY, FakeSky

pytestmark = pytest.mark.anyio
MAX_SECONDS = 120


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


async def test_neither_host_nor_runner_nor_training_has_a_key_of_skypilot(sky: FakeSky, place: Path) -> None:
    async with pool(sky, place) as backend:
        run = await start(backend, run_folder(place, "e0001-1", duration=LONG_SECONDS))
        await sample_runs.until(backend, run, Phase.RUNNING)
        [cluster] = sky.clusters.values()
        environments = [environment for environment in _environments() if str(cluster.home) in environment]
    assert any("LABHAND_SEED" in environment for environment in environments)  # the training
    assert len(environments) >= 3
    assert [environment for environment in environments if PLANTED_KEY in environment or "SKYPILOT_" in environment] == []


def _environments() -> Iterator[str]:
    """Yield the environment of each process of this machine."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            yield (process / "environ").read_text("utf-8", "replace")


class TestTimeLimits:
    """Clusters that the scheduler ends after a while."""

    @pytest.fixture(autouse=True)
    def limited(self, sky: FakeSky, tmp_path: Path) -> None:
        """Slurm says how much time a cluster has left."""
        sky.squeue = self.left = tmp_path / "left"

    async def test_a_run_is_not_given_a_cluster_that_ends_before_it(self, sky: FakeSky, place: Path) -> None:
        self.left.write_text("1-00:00:00\n")
        async with pool(sky, place, max_clusters=1) as backend:
            run = await start(backend, run_folder(place, "e0001-1"))
            await sample_runs.until(backend, run, Phase.FINISHED)
            records = backend._records  # pyright: ignore[reportPrivateUsage]
            [record] = records.clusters()
            assert record.limit_seconds == pytest.approx(86400.0, abs=5.0)
            records.update_cluster(record.name, ends_at=time.time() + LONG_SECONDS / 2)
            folder = run_folder(place, "e0002-1")
            await sample_runs.until(backend, await start(backend, folder), Phase.RETURNED)  # to the queue, for another pool
            await until_status(backend, "gone")
            await sample_runs.until(backend, await start(backend, folder), Phase.FINISHED)
            first, second = await backend.clusters()
            assert (first.name, first.status, second.status) == (record.name, "gone", "up")
            assert "before the waiting runs would end" in first.note

    async def test_a_budget_above_the_time_limit_is_refused_with_both(self, sky: FakeSky, place: Path) -> None:
        self.left.write_text(f"{LONG_SECONDS / 60 + 2:.0f}:00\n")
        async with pool(sky, place) as backend:
            run = await start(backend, run_folder(place, "e0001-1"))
            await sample_runs.until(backend, run, Phase.FINISHED)
            long = StartRequest("e0002-1", run_folder(place, "e0002-1"), 7, 86400.0, "c0ffee", {})
            with pytest.raises(BadInputError, match=r"ends the clusters of pool h100 after .* for a run of 86400 s"):
                await backend.start(long)

    async def test_a_machine_without_a_time_limit_takes_any_run(self, sky: FakeSky, place: Path) -> None:
        self.left.write_text("UNLIMITED\n")
        async with pool(sky, place) as backend:
            run = await start(backend, run_folder(place, "e0001-1"))
            await sample_runs.until(backend, run, Phase.FINISHED)
            [record] = backend._records.clusters()  # pyright: ignore[reportPrivateUsage]
        assert record.ends_at is None


@pytest.mark.parametrize("with_storage", [False, True])
async def test_runs_that_a_cluster_takes_with_it_are_lost_and_not_crashed(
    sky: FakeSky, place: Path, tmp_path: Path, *, with_storage: bool
) -> None:
    settings = {"storage": str(tmp_path / "storage")} if with_storage else {}
    async with pool(sky, place, **settings) as backend:
        run = await start(backend, run_folder(place, "e0001-1", duration=LONG_SECONDS))
        await sample_runs.until(backend, run, Phase.RUNNING)
        [(name, cluster)] = sky.clusters.items()
        host, _ = max(cluster.jobs.items())[1]
        [runner] = [RunFolder(folder).claimant() for folder in cluster.home.glob(".labhand/*/runs/e0001-1")]
        assert runner is not None
        # What Slurm does at the end of a time limit: a signal to everything, in no particular order.
        os.kill(runner, signal.SIGTERM)

        async def has_reported() -> bool:
            return any('"result"' in log.read_text("utf-8") for _, log in cluster.jobs.values())

        await until(has_reported, MAX_SECONDS)
        cluster.cancelled.add(max(cluster.jobs))
        os.killpg(host.pid, signal.SIGTERM)
        report = await sample_runs.until(backend, run, Phase.LOST)
        assert report.result is None
        assert name in sky.clusters


@pytest.mark.slow
async def test_a_run_that_was_ended_from_outside_counts_if_its_host_goes_on(sky: FakeSky, place: Path) -> None:
    async with pool(sky, place) as backend:
        run = await start(backend, run_folder(place, "e0001-1", duration=LONG_SECONDS))
        await sample_runs.until(backend, run, Phase.RUNNING)
        [cluster] = sky.clusters.values()
        [runner] = [RunFolder(folder).claimant() for folder in cluster.home.glob(".labhand/*/runs/e0001-1")]
        assert runner is not None
        os.kill(runner, signal.SIGTERM)
        report = await sample_runs.until(backend, run, Phase.FINISHED)
        assert report.result is not None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1-02:03:04", 93784.0), ("02:03:04", 7384.0), ("03:04", 184.0), ("UNLIMITED", None), ("INVALID", None), ("", None)],
)
def test_the_time_left_is_read_as_squeue_prints_it(text: str, seconds: float | None) -> None:
    assert seconds_left(text) == seconds


@pytest.mark.parametrize(
    ("result", "was_cancelled", "is_doubtful"),
    [
        ({"status": "cancelled"}, False, True),
        ({"status": "cancelled"}, True, False),
        ({"status": "failed", "message": "The command ended by signal 15"}, False, True),
        ({"status": "failed", "message": "The command was killed from outside, as the kernel does"}, False, True),
        ({"status": "failed", "message": "The command ended by signal 11: Segmentation fault"}, False, False),
        ({"status": "failed", "message": "The command ended with status 1: ValueError: x"}, False, False),
    ],
)
def test_only_a_signal_that_nobody_asked_for_may_be_the_end_of_the_cluster(
    result: dict[str, Any], *, was_cancelled: bool, is_doubtful: bool
) -> None:
    whole: dict[str, Any] = {"run": "e0001-1", "status": result["status"]}
    if "message" in result:
        whole["failure"] = {"kind": "crashed", "message": result["message"], "lines": [], "next_step": ""}
    assert may_be_clusters_end(whole, was_cancelled=was_cancelled) == is_doubtful
