"""Clusters that are folders of this machine: what is executed there really runs, and no SkyPilot is asked.

It keeps the contract of `api.SkyApi`, and fails as a test tells it to. Logs come with the colours and prefixes of SkyPilot's.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.lowlevel
from labhand.server.backends.skypilot.api import ClusterStatus, Job, Machine, SkyApi, SkyError
from typing_extensions import override

TICK_SECONDS = 0.02
PRICE = 2.5
PLANTED_KEY = "sa-planted-key"
"""What SkyPilot gives a job by default, to call its API server with."""
NVIDIA_SMI = "#!/bin/sh\necho '0, NVIDIA H100 80GB HBM3, 81559, 550.54'\n"


@dataclass
class FakeCluster:
    """One cluster.

    Attributes:
        status: As SkyPilot would tell.
        jobs: By their numbers, with the files of their logs.
    """

    home: Path
    machine: Machine
    status: str = "UP"
    jobs: dict[int, tuple[subprocess.Popen[bytes], Path]] = field(
        default_factory=dict[int, "tuple[subprocess.Popen[bytes], Path]"]
    )
    cancelled: set[int] = field(default_factory=set[int])

    def end(self) -> None:
        """Everything on it dies, as on a machine that is switched off."""
        for process, _ in self.jobs.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self.home in (folder / "cwd").readlink().parents or bytes(self.home) in (folder / "cmdline").read_bytes():
                    os.kill(int(folder.name), signal.SIGKILL)
            except OSError:
                continue


class FakeSky(SkyApi):
    """All that is launched.

    Args:
        root: Where the clusters' homes lie.

    Attributes:
        troubles: What the next calls of a name raise; None for a call that goes well.
        calls: How often each was called.
        is_away: Nobody answers.
        pending: Why clusters that are being launched wait; empty where the scheduler says nothing.
        forgotten: Clusters that are up although SkyPilot no longer knows them.
        queue_is_reachable: Whether the infrastructure can be asked past SkyPilot.
        squeue: A file with what Slurm says of the time that a cluster has left; None for machines without Slurm.
        holds_launches: Launches wait until it is set.
        ignores_down: SkyPilot reports clusters as down that are up.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.clusters: dict[str, FakeCluster] = {}
        self.launched: list[tuple[str, Machine]] = []
        self.troubles: defaultdict[str, deque[SkyError | None]] = defaultdict(deque)
        self.calls: defaultdict[str, int] = defaultdict(int)
        self.scripts: list[str] = []
        self.is_away = False
        self.pending = ""
        self.forgotten: dict[str, FakeCluster] = {}
        self.queue_is_reachable = True
        self.ignores_down = False
        self.squeue: Path | None = None
        self.holds_launches = anyio.Event()
        self.holds_launches.set()
        self._cuts = 0

    def cut(self) -> None:
        """Every log that is followed breaks off."""
        self._cuts += 1

    def vanish(self, name: str) -> None:
        """The machine of a cluster is taken away."""
        self.clusters.pop(name).end()

    def forget(self, name: str) -> None:
        """SkyPilot deletes its record of a cluster that is up."""
        self.forgotten[name] = self.clusters.pop(name)

    def remember(self, name: str) -> None:
        """SkyPilot knows a cluster again."""
        self.clusters[name] = self.forgotten.pop(name)

    def end_all(self) -> None:
        """Leave no process behind."""
        for name in list(self.forgotten):
            self.remember(name)
        for name in list(self.clusters):
            self.vanish(name)

    def kill_host(self, name: str) -> None:
        """Cancel the host of a cluster, behind everybody's back."""
        cluster = self.clusters[name]
        number, (process, _) = max(cluster.jobs.items())
        cluster.cancelled.add(number)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    async def _called(self, call: str) -> None:
        self.calls[call] += 1
        await anyio.lowlevel.checkpoint()
        if self.is_away:
            raise SkyError("away", "the API server doesn't answer")
        planned = self.troubles[call]
        if planned and (trouble := planned.popleft()) is not None:
            raise trouble

    def _cluster(self, name: str) -> FakeCluster:
        if name not in self.clusters:
            raise SkyError("gone", f"cluster {name} does not exist")
        return self.clusters[name]

    @override
    async def launch(self, cluster: str, machine: Machine) -> float:
        self.launched.append((cluster, machine))
        await self._called("launch")
        await self.holds_launches.wait()
        if cluster not in self.clusters:
            home = self._root / cluster
            (home / "bin").mkdir(parents=True)
            (home / "bin" / "nvidia-smi").write_text(NVIDIA_SMI, "ascii")
            (home / "bin" / "nvidia-smi").chmod(0o755)
            if self.squeue is not None:
                (home / "bin" / "squeue").write_text(f"#!/bin/sh\ncat {self.squeue}\n", "ascii")
                (home / "bin" / "squeue").chmod(0o755)
            self.clusters[cluster] = FakeCluster(home, machine)
        return PRICE * machine.gpus

    @override
    async def execute(self, cluster: str, job: Job) -> int:
        await self._called("execute")
        found = self._cluster(cluster)
        self.scripts.append(job.script)
        number = len(found.jobs) + 1
        log = found.home / f"job-{number}.log"
        path = f"{found.home / 'bin'}:{os.environ['PATH']}"
        environment = {"HOME": str(found.home), "PATH": path, "LABHAND_CACHE": str(found.home / "cache")}
        environment |= {
            "SKYPILOT_API_SERVER_ENDPOINT": "https://api.example.org",
            "SKYPILOT_SERVICE_ACCOUNT_TOKEN": PLANTED_KEY,
        }
        if self.squeue is not None:
            environment["SLURM_JOB_ID"] = "7"
        script = log.with_suffix(".sh")  # as SkyPilot does with a long one: Linux allows an argument 128 KiB
        script.write_text(job.script, "utf-8")
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: ASYNC220 - it takes no time to start
                ["bash", str(script)], cwd=found.home, env=environment, stdout=out, stderr=out, start_new_session=True
            )
        found.jobs[number] = (process, log)
        return number

    @override
    async def follow(self, cluster: str, job: int) -> AsyncIterator[str]:
        await self._called("follow")
        process, log = self._cluster(cluster).jobs[job]
        cuts, read = self._cuts, 0
        while True:
            is_over = process.poll() is not None
            text = log.read_text("utf-8")
            whole = text[read : text.rindex("\n") + 1] if "\n" in text[read:] else ""
            read += len(whole)
            for line in whole.splitlines():
                if self.is_away or self._cuts != cuts:
                    raise SkyError("away", "the connection was lost")
                yield f"\x1b[36m(labhand-host, pid=41)\x1b[0m {line}"
            if self.is_away or self._cuts != cuts or cluster not in self.clusters:
                raise SkyError("away", "the connection was lost")
            if is_over:
                return
            await anyio.sleep(TICK_SECONDS)

    @override
    async def job_status(self, cluster: str, job: int) -> str | None:
        await self._called("job_status")
        found = self._cluster(cluster)
        if job in found.cancelled:
            return "CANCELLED"
        status = found.jobs[job][0].poll()
        return "RUNNING" if status is None else "FAILED" if status else "SUCCEEDED"

    @override
    async def status(self, clusters: Sequence[str]) -> Mapping[str, ClusterStatus]:
        await self._called("status")
        return {name: ClusterStatus(self.clusters[name].status) for name in clusters if name in self.clusters}

    @override
    async def pending_reason(self, cluster: str) -> str:
        await self._called("pending_reason")
        return self.pending

    @override
    async def exist(self, clusters: Mapping[str, str]) -> Mapping[str, bool]:
        await self._called("exist")
        there = {**self.clusters, **self.forgotten}
        return {name: name in there for name in clusters} if self.queue_is_reachable else {}

    @override
    async def prolong(self, cluster: str, idle_minutes: int) -> None:
        await self._called("prolong")
        self._cluster(cluster)

    @override
    async def down(self, cluster: str) -> None:
        await self._called("down")
        if cluster in self.clusters:
            if self.ignores_down:
                self.forget(cluster)
            else:
                self.vanish(cluster)

    @override
    async def price(self, machine: Machine) -> float | None:
        await self._called("price")
        return PRICE * machine.gpus
