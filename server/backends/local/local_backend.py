"""Runs on this machine: a detached runner for each, on a slot of its own.

What became of a run is read from its folder and from the slots' locks alone, so that every later process sees the same.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import anyio
from typing_extensions import override

from ...domain import Pool, Run
from ...errors import NoCapacityError
from ...machine import Devices, devices
from ...settings import LocalPool
from ..base import Backend, Phase, RunReport, RunSpec
from ..runner_state import LocalRunFolder, end_leftovers
from .slots import DeviceSlot, Slots

CLAIM_SECONDS = 20.0
"""How long a runner may take to claim its run, on a machine under load."""
_STARTED: Mapping[str, Any] = {"started": True}
"""A handle: the run's folder tells everything else."""


class LocalBackend(Backend):
    """A pool of this machine's devices.

    Args:
        name: Of the pool.
        settings: Of the pool.
        runs: The folder in which the lab's run folders lie; the limit on slots counts what runs there.
        here: The devices; None for those that this machine has.
    """

    carries_weights = True

    def __init__(self, name: str, settings: LocalPool, runs: Path, here: Devices | None = None) -> None:
        self._name = name
        self._settings = settings
        self._runs = runs.resolve()
        self._devices = here or devices()
        self._slots = Slots(self._devices.kind, self._devices.indices)
        self._limit = min(settings.slots or len(self._devices.indices), len(self._devices.indices))
        self._children: set[int] = set()

    @override
    async def pool(self) -> Pool:
        taken = self._slots.taken()
        return Pool(
            name=self._name,
            backend="local",
            gpu=self._devices.kind,
            clock=self._devices.clock,
            slots=self._limit,
            usd_per_hour=self._settings.usd_per_hour,
            as_of=time.time(),
            taken=max(0, self._limit - self._ours(taken) - self._free(taken)),
        )

    @override
    async def free(self) -> int:
        return self._free(self._slots.taken())

    def _free(self, taken: Mapping[int, Path]) -> int:
        return max(0, min(self._limit - self._ours(taken), len(self._devices.indices) - len(taken)))

    def _ours(self, taken: Mapping[int, Path]) -> int:
        return sum(folder.parent == self._runs for folder in taken.values())

    @override
    async def start(self, spec: RunSpec) -> Mapping[str, Any]:
        folder = spec.folder.resolve()
        taken = self._slots.taken()
        if folder in taken.values() or (folder / "claim").exists():
            return _STARTED
        if not self._free(taken):
            raise NoCapacityError(f"All {self._limit} slots of pool {self._name} are taken", "Wait for a run to end")
        slot = self._slots.take(folder)
        try:
            _place(folder / "spec.json", self._where(slot))
            self._children.add(self._spawn(folder, slot))
        finally:
            slot.let_go()
        return _STARTED

    def _where(self, slot: DeviceSlot) -> Mapping[str, Any]:
        """What the slot adds to a run's `spec.json`."""
        if self._devices.kind == "cpu":
            return {"device": "cpu", "cores": [slot.index], "gpu": None}
        return {"device": "cuda", "cores": [], "gpu": str(slot.index)}

    def _spawn(self, folder: Path, slot: DeviceSlot) -> int:
        """Start a runner that no longer depends on this process, and inherits the slot."""
        python = self._settings.python or sys.executable
        os.set_inheritable(slot.descriptor, True)  # noqa: FBT003 - positional by its signature
        log = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        return os.posix_spawnp(
            python,
            [python, "-P", "-m", "labhand.trainer.runner", str(folder)],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(folder / "runner.log"), log, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGTERM, signal.SIGINT, signal.SIGPIPE),
        )

    @override
    async def poll(self, runs: Sequence[Run]) -> Mapping[str, RunReport]:
        self._reap()
        taken = self._slots.taken()
        return {run.id: self._report(LocalRunFolder(self._runs / run.id), taken) for run in runs}

    def _report(self, folder: LocalRunFolder, taken: Mapping[int, Path]) -> RunReport:
        if self._lives(folder, taken):
            return RunReport(folder.phase(), silent_seconds=folder.silent_seconds())
        # The runner's last act is its result: only now, that it is gone, does a missing one mean anything.
        result = folder.result()
        if result is not None:
            return RunReport(Phase.FINISHED, result)
        if end_leftovers(folder.path):
            return RunReport(folder.phase(), silent_seconds=folder.silent_seconds())
        return RunReport(Phase.LOST, silent_seconds=folder.silent_seconds())

    @staticmethod
    def _lives(folder: LocalRunFolder, taken: Mapping[int, Path]) -> bool:
        """Whether a runner holds a slot for this run, or, where the slots' files are gone, its claim."""
        return folder.path in taken.values() or folder.is_claimed()

    def _reap(self) -> None:
        """Let runners that this process started and that have ended not stay zombies."""
        for pid in list(self._children):
            with suppress(ChildProcessError):  # someone else has waited for it
                if not os.waitpid(pid, os.WNOHANG)[0]:
                    continue
            self._children.discard(pid)

    @override
    async def cancel(self, run: Run) -> None:
        folder = LocalRunFolder(self._runs / run.id)
        with anyio.move_on_after(CLAIM_SECONDS):
            # A runner that has not claimed its run yet wouldn't leave a result.
            while self._lives(folder, self._slots.taken()):
                if pid := folder.claimant():
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGTERM)
                    return
                await anyio.sleep(0.02)

    @override
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._reap()
        return None


def _place(path: Path, where: Mapping[str, Any]) -> None:
    """Add the slot to a spec, in one step."""
    written = path.with_suffix(".new")
    written.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **where}, indent=2), "utf-8")
    written.replace(path)
