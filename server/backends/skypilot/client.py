"""SkyPilot from afar: a process of its own does the talking (see `sdk`), and every answer is waited for a bounded time only."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from subprocess import DEVNULL, PIPE
from types import TracebackType
from typing import Any, Self, cast

import anyio
from anyio.abc import Process, TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from typing_extensions import override

from .api import ClusterStatus, Job, Machine, SkyApi, SkyError

LAUNCH_SECONDS = 1800.0
DOWN_SECONDS = 300.0
CALL_SECONDS = 120.0
SILENT_SECONDS = 60.0
"""How long a log that is followed may say nothing: a host says something every ten seconds."""
MOST_ABANDONED = 16
"""Calls that nobody waits for any more and that still hold a thread; with more, the process is started anew."""
_PIECES = 10_000

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SkyPilotInfo:
    """SkyPilot as it is installed and runs.

    Attributes:
        client: Its version here.
        server: The API server's.
        enabled: Infrastructure that there are credentials for, such as `slurm`.
    """

    client: str
    server: str
    enabled: Sequence[str]


class SkyClient(SkyApi):
    """SkyPilot for all pools of a lab; its process starts with the first request."""

    def __init__(self) -> None:
        self._number = 0
        self._waiting: dict[int, MemoryObjectSendStream[Answer]] = {}
        self._abandoned: set[int] = set()
        self._process: Process | None = None
        self._tasks: TaskGroup = anyio.create_task_group()
        self._starting = anyio.Lock()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._end_process()
        self._tasks.cancel_scope.cancel()
        return await self._tasks.__aexit__(kind, error, trace)

    @override
    async def launch(self, cluster: str, machine: Machine) -> float:
        try:
            with anyio.fail_after(LAUNCH_SECONDS):
                return float(await self._call("launch", math.inf, cluster=cluster, **asdict(machine)))
        except TimeoutError:
            problem = f"{machine.infra} had no {machine.gpus} {machine.gpu} within {LAUNCH_SECONDS / 60:.0f} minutes"
            raise SkyError("no_capacity", problem) from None

    @override
    async def execute(self, cluster: str, job: Job) -> int:
        return int(await self._call("execute", CALL_SECONDS, cluster=cluster, **asdict(job)))

    @override
    async def job_status(self, cluster: str, job: int) -> str | None:
        return cast("str | None", await self._call("job_status", CALL_SECONDS, cluster=cluster, job=job))

    @override
    async def status(self, clusters: Sequence[str]) -> Mapping[str, ClusterStatus]:
        found = await self._call("status", CALL_SECONDS, clusters=list(clusters))
        return {name: ClusterStatus(*seen) for name, seen in found.items()}

    @override
    async def stay(self, cluster: str, idle_minutes: int) -> None:
        await self._call("stay", CALL_SECONDS, cluster=cluster, idle_minutes=idle_minutes)

    @override
    async def down(self, cluster: str) -> None:
        await self._call("down", DOWN_SECONDS, cluster=cluster)

    @override
    async def price(self, machine: Machine) -> float | None:
        return cast("float | None", await self._call("price", CALL_SECONDS, **asdict(machine)))

    async def about(self) -> SkyPilotInfo:
        """What there is; starts no API server.

        Raises:
            SkyError: None runs, or SkyPilot isn't installed.
        """
        return SkyPilotInfo(**await self._call("about", CALL_SECONDS))

    @override
    async def follow(self, cluster: str, job: int) -> AsyncIterator[str]:
        rest = ""
        async with self._asked("follow", {"cluster": cluster, "job": job}) as answers:
            while "piece" in (answer := await self._receive(answers, SILENT_SECONDS, "follow")):
                *lines, rest = (rest + answer["piece"]).split("\n")
                for line in lines:
                    yield line

    async def _call(self, call: str, seconds: float, **asked: object) -> Any:  # noqa: ANN401
        async with self._asked(call, asked) as answers:
            return (await self._receive(answers, seconds, call))["value"]

    @asynccontextmanager
    async def _asked(self, call: str, asked: Mapping[str, object]) -> AsyncGenerator[MemoryObjectReceiveStream[Answer]]:
        """Ask, and stop waiting for answers when the context is left."""
        process = await self._started()
        self._number += 1
        number = self._number
        send, receive = anyio.create_memory_object_stream[Answer](_PIECES)
        self._waiting[number] = send
        try:
            with receive:
                await self._write(process, {"id": number, "call": call, "asked": asked})
                yield receive
        finally:
            self._let_go(number)

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
            raise SkyError("away", f"SkyPilot gave no answer to `{call}` within {seconds:.0f} s") from None
        except anyio.EndOfStream:
            raise SkyError("away", "The process that talks to SkyPilot has ended") from None
        if "trouble" in answer:
            raise SkyError(answer["trouble"], answer["text"])
        return answer

    def _let_go(self, number: int) -> None:
        """Nobody waits for this answer any more."""
        if (send := self._waiting.pop(number, None)) is not None:
            send.close()
            self._abandoned.add(number)
        if len(self._abandoned) > MOST_ABANDONED:
            self._end_process()

    async def _started(self) -> Process:
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
        """Hand every answer to whoever waits for it, until the process is gone."""
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
                self._let_go(number)  # whoever follows reads from the beginning once more
            else:
                if "piece" not in answer:
                    self._waiting.pop(number, None)
        elif "piece" not in answer:
            self._abandoned.discard(number)
