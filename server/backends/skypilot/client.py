"""SkyPilot in a process of its own (`sdk_worker`), each of whose answers is awaited for a limited time only."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from subprocess import DEVNULL, PIPE
from typing import Any, Self, cast

import anyio
from anyio import AsyncContextManagerMixin
from anyio.abc import Process, TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from typing_extensions import override

from .api import ClusterStatus, Job, Machine, SkyApi, SkyError

LAUNCH_SECONDS = 1800.0
QUEUED_LAUNCH_SECONDS = 7 * 86400.0
"""The same for a launch that is to stay in the scheduler's queue."""
DOWN_SECONDS = 300.0
CALL_SECONDS = 120.0
SILENT_SECONDS = 60.0
"""How long a log that is followed may have no new line. A host prints one every ten seconds."""
MAX_ABANDONED = 16
"""Calls that nobody waits for any more and that still occupy a thread of the process. With more, it is replaced."""
_MAX_PIECES = 10_000
"""Pieces of a log that may wait to be read."""

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SkyPilotInfo:
    """The SkyPilot that is installed, and the API server that runs.

    Attributes:
        client: The version that is installed here.
        server: The version of the API server.
        enabled: The infrastructure for which there are credentials, such as `slurm`.
    """

    client: str
    server: str
    enabled: Sequence[str]


class SkyClient(AsyncContextManagerMixin, SkyApi):
    """SkyPilot for all pools of a lab. Its process starts with the first request."""

    def __init__(self) -> None:
        self._number = 0
        self._waiting: dict[int, MemoryObjectSendStream[Answer]] = {}
        self._abandoned: set[int] = set()
        self._process: Process | None = None
        self._tasks: TaskGroup | None = None
        self._starting = anyio.Lock()

    @override
    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        async with anyio.create_task_group() as self._tasks:
            try:
                yield self
            finally:
                self._end_process()
                self._tasks.cancel_scope.cancel()

    @override
    async def launch(self, cluster: str, machine: Machine) -> float:
        limit = QUEUED_LAUNCH_SECONDS if machine.stays_queued else LAUNCH_SECONDS
        try:
            with anyio.fail_after(limit):
                return float(await self._call("launch", math.inf, cluster=cluster, **asdict(machine)))
        except TimeoutError:
            problem = f"{machine.infra} had no {machine.gpus} {machine.gpu} within {limit / 60:.0f} minutes"
            raise SkyError("no_capacity", problem) from None

    @override
    async def execute(self, cluster: str, job: Job) -> int:
        return int(await self._call("execute", CALL_SECONDS, cluster=cluster, **asdict(job)))

    @override
    async def job_status(self, cluster: str, job: int) -> str | None:
        return cast("str | None", await self._call("job_status", CALL_SECONDS, cluster=cluster, job=job))

    @override
    async def status(self, clusters: Sequence[str]) -> Mapping[str, ClusterStatus]:
        statuses = await self._call("status", CALL_SECONDS, clusters=list(clusters))
        return {name: ClusterStatus(*status) for name, status in statuses.items()}

    @override
    async def pending_reason(self, cluster: str) -> str:
        return str(await self._call("pending_reason", CALL_SECONDS, cluster=cluster))

    @override
    async def exist(self, clusters: Mapping[str, str]) -> Mapping[str, bool]:
        return cast("dict[str, bool]", await self._call("exist", CALL_SECONDS, clusters=dict(clusters)))

    @override
    async def prolong(self, cluster: str, idle_minutes: int) -> None:
        await self._call("prolong", CALL_SECONDS, cluster=cluster, idle_minutes=idle_minutes)

    @override
    async def down(self, cluster: str) -> None:
        await self._call("down", DOWN_SECONDS, cluster=cluster)

    @override
    async def price(self, machine: Machine) -> float | None:
        return cast("float | None", await self._call("price", CALL_SECONDS, **asdict(machine)))

    async def about(self) -> SkyPilotInfo:
        """Return which SkyPilot there is. Starts no API server.

        Raises:
            SkyError: No API server runs, or SkyPilot isn't installed.
        """
        return SkyPilotInfo(**await self._call("about", CALL_SECONDS))

    @override
    async def follow(self, cluster: str, job: int) -> AsyncIterator[str]:
        rest = ""
        async with self._request("follow", {"cluster": cluster, "job": job}) as answers:
            while "piece" in (answer := await self._receive(answers, SILENT_SECONDS, "follow")):
                *lines, rest = (rest + answer["piece"]).split("\n")
                for line in lines:
                    yield line

    async def _call(self, call: str, seconds: float, **arguments: object) -> Any:  # noqa: ANN401
        async with self._request(call, arguments) as answers:
            return (await self._receive(answers, seconds, call))["value"]

    @asynccontextmanager
    async def _request(self, call: str, arguments: Mapping[str, object]) -> AsyncGenerator[MemoryObjectReceiveStream[Answer]]:
        """Send a request, and stop waiting for its answers when the context is left."""
        process = await self._running_process()
        self._number += 1
        number = self._number
        send, receive = anyio.create_memory_object_stream[Answer](_MAX_PIECES)
        self._waiting[number] = send
        try:
            with receive:
                await self._write(process, {"id": number, "call": call, "arguments": arguments})
                yield receive
        finally:
            self._abandon(number)

    @staticmethod
    async def _write(process: Process, request: Mapping[str, object]) -> None:
        assert process.stdin is not None  # noqa: S101
        try:
            await process.stdin.send(json.dumps(request).encode() + b"\n")
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise SkyError("away", "The process that talks to SkyPilot has ended") from error

    async def _receive(self, answers: MemoryObjectReceiveStream[Answer], seconds: float, call: str) -> Answer:
        try:
            with anyio.fail_after(seconds):
                answer = await answers.receive()
        except TimeoutError:
            raise SkyError("away", f"SkyPilot did not answer `{call}` within {seconds:.0f} s") from None
        except anyio.EndOfStream:
            raise SkyError("away", "The process that talks to SkyPilot has ended") from None
        if "trouble" in answer:
            raise SkyError(answer["trouble"], answer["text"])
        return answer

    def _abandon(self, number: int) -> None:
        """Stop waiting for the answers to a request."""
        if (send := self._waiting.pop(number, None)) is not None:
            send.close()
            self._abandoned.add(number)
        if len(self._abandoned) > MAX_ABANDONED:
            self._end_process()

    async def _running_process(self) -> Process:
        """Return the process, and start one if none runs."""
        assert self._tasks is not None, "enter the client first"  # noqa: S101
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._abandoned.clear()
                command = [sys.executable, "-P", "-m", "labhand.server.backends.skypilot.sdk_worker"]
                environment = {"SKYPILOT_DISABLE_USAGE_COLLECTION": "1", **os.environ}
                self._process = await anyio.open_process(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment)
                self._tasks.start_soon(self._read, self._process)
            return self._process

    def _end_process(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def _read(self, process: Process) -> None:
        """Hand every answer to the call that waits for it, until the process is gone."""
        rest = b""
        assert process.stdout is not None  # noqa: S101
        try:
            async for chunk in process.stdout:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._hand_over(json.loads(line))
        finally:
            self._end_process()
            for send in self._waiting.values():
                send.close()
            self._waiting.clear()
            with anyio.CancelScope(shield=True):
                await process.aclose()

    def _hand_over(self, answer: Answer) -> None:
        number = answer["id"]
        if (send := self._waiting.get(number)) is not None:
            try:
                send.send_nowait(answer)
            except (anyio.WouldBlock, anyio.BrokenResourceError):
                self._abandon(number)  # the follower starts over from the beginning of the log
            else:
                if "piece" not in answer:
                    self._waiting.pop(number, None)
        elif "piece" not in answer:
            self._abandoned.discard(number)
