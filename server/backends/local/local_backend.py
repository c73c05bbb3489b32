"""The `local` backend: runs on this machine, each with a detached runner on a slot of its own.

The state of a run is read from its folder and from the locks of the slots alone, so every later process sees the same.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence, Set
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import anyio
import anyio.to_thread
from typing_extensions import override

from ....trainer.contract.leftovers import kill_leftovers
from ....trainer.contract.run_folder import RunFolder
from ....trainer.contract.starting.fork_server import ForkServer, is_served
from ...domain import Pool, Run
from ...errors import NoCapacityError
from ...machine import Devices, devices
from ...pool_settings import LocalPool, grouped_kind
from ..base import Backend, Phase, RunReport, StartRequest
from .slots import DeviceSlot, Slots
from .spawn import spawn_by, spawn_runner

MAX_CLAIM_SECONDS = 20.0
"""How long a runner may take to claim its run on a busy machine."""
_STARTED: Mapping[str, Any] = {"started": True}
"""The handle of every run. A run is found by its id; its folder holds everything else. The slot is for the lab's records."""


class LocalBackend(Backend):
    """A pool of this machine's devices.

    Args:
        name: The pool's name.
        settings: The pool's settings.
        runs: The folder that holds the lab's run folders. The pool's limit on slots counts only runs of this folder.
        here: The devices; None for those of this machine.
    """

    carries_weights = True

    def __init__(self, name: str, settings: LocalPool, runs: Path, here: Devices | None = None) -> None:
        self._name = name
        self._settings = settings
        self._runs = runs.resolve()
        self._devices = here or devices(settings.gpu)
        self._slots = Slots(self._devices.kind, self._devices.indices)
        self._gpus = settings.gpus_per_slot
        groups = len(self._devices.indices) // self._gpus
        self._limit = min(settings.slots or groups, groups)
        self._aside: frozenset[int] = frozenset()
        self._children: set[int] = set()
        self._server = ForkServer(sys.executable, self._gpus) if self._may_fork() else None

    def _may_fork(self) -> bool:
        """Whether runs may be forks of a process that has loaded torch: on GPUs that wasn't tried."""
        return self._settings.fork_server and self._devices.kind == "cpu" and self._settings.python is None

    @override
    async def pool(self) -> Pool:
        taken = self._slots.taken()
        return Pool(
            name=self._name,
            backend="local",
            gpu=grouped_kind(self._devices.kind, self._gpus),
            clock=self._devices.clock,
            slots=self._limit,
            usd_per_slot_hour=self._settings.usd_per_hour,
            note=self._devices.problem or self._too_few(),
            as_of=time.time(),
            taken=max(0, self._limit - self._ours(taken) - self._free(taken)),
            gpus_per_slot=self._gpus,
        )

    def _too_few(self) -> str:
        """Return why no experiment fits on this machine; empty if one does."""
        has = len(self._devices.indices)
        if has >= self._gpus:
            return ""
        what = "cores" if self._devices.kind == "cpu" else f"GPUs of kind {self._devices.kind}"
        return (
            f"An experiment takes {self._gpus} {what} at once, and this machine has {has}. Set gpus_per_experiment of the pool"
            " in labhand.toml, or processes.count in trainer.toml, to fewer"
        )

    @override
    async def free(self) -> int:
        return self._free(self._slots.taken())

    def _free(self, taken: Mapping[int, Path]) -> int:
        usable = set(self._devices.indices) - self._aside - set(taken)
        return max(0, min(self._limit - self._ours(taken), len(usable) // self._gpus))

    @override
    def set_aside(self, slots: Set[int]) -> None:
        self._aside = frozenset(slots)

    def _ours(self, taken: Mapping[int, Path]) -> int:
        return len({folder for folder in taken.values() if folder.parent == self._runs})

    @override
    async def start(self, spec: StartRequest) -> Mapping[str, Any]:
        folder = RunFolder(spec.folder.resolve())
        taken = self._slots.taken()
        if folder.path in taken.values() or folder.was_claimed():
            return _STARTED
        if not self._free(taken):
            ours, kind = self._ours(taken), self._devices.kind
            raise NoCapacityError(
                f"Pool {self._name} has no free slot ({kind}) for {spec.id}: of {self._limit}, this lab's runs hold {ours},"
                f" other labs on this machine {len(taken) - ours}, and {len(self._aside)} are set aside",
                "It stays queued until a run ends; list_gpus shows what is free",
            )
        slot = self._slots.take(folder.path, self._aside, self._gpus)
        try:
            place = {**slot.as_spec(), "python": self._settings.python}
            # In a thread, because the first runner waits until the server has loaded torch.
            pid = await anyio.to_thread.run_sync(self._spawn, folder, slot, place)
            if pid is not None:
                self._children.add(pid)
        finally:
            slot.release()
        # Of several devices it isn't known which one is at fault, so none is named, and none is set aside.
        return {**_STARTED, "slot": slot.indices[0]} if self._gpus == 1 else _STARTED

    def _spawn(self, folder: RunFolder, slot: DeviceSlot, place: Mapping[str, Any]) -> int | None:
        """Start a runner, and return its process id; None if it isn't a child of this process."""
        if self._server is not None and is_served(folder.source):
            return spawn_by(self._server, folder, slot, place)
        return spawn_runner(sys.executable, folder, slot, place)

    @override
    async def poll(self, runs: Sequence[Run]) -> Mapping[str, RunReport]:
        self._reap()
        taken = self._slots.taken()
        return {run.id: self._report(RunFolder(self._runs / run.id), taken) for run in runs}

    def _report(self, folder: RunFolder, taken: Mapping[int, Path]) -> RunReport:
        if self._lives(folder, taken):
            return RunReport(Phase(folder.phase() or Phase.STARTING), silent_seconds=folder.silent_seconds())
        # A runner writes its result last. So a missing result means something only after the runner was seen to be gone.
        result = folder.result()
        if result is not None:
            return RunReport(Phase.FINISHED, result)
        if kill_leftovers(folder.path):
            return RunReport(Phase(folder.phase() or Phase.STARTING), silent_seconds=folder.silent_seconds())
        return RunReport(Phase.LOST, silent_seconds=folder.silent_seconds())

    @staticmethod
    def _lives(folder: RunFolder, taken: Mapping[int, Path]) -> bool:
        """Whether a runner holds a slot for this run, or holds its claim where the files of the slots were removed."""
        return folder.path in taken.values() or folder.is_claimed()

    def _reap(self) -> None:
        """Wait for the ended runners that this process started, so that they don't stay zombies."""
        for pid in list(self._children):
            with suppress(ChildProcessError):  # somebody else has waited for it
                if not os.waitpid(pid, os.WNOHANG)[0]:
                    continue
            self._children.discard(pid)

    @override
    async def cancel(self, run: Run) -> None:
        folder = RunFolder(self._runs / run.id)
        with anyio.move_on_after(MAX_CLAIM_SECONDS):
            # A runner that is ended before it has claimed its run leaves no result, so the claim is waited for.
            while self._lives(folder, self._slots.taken()):
                if pid := folder.claimant():
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGTERM)
                    return
                await anyio.sleep(0.02)

    @override
    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        try:
            yield self
        finally:
            self._reap()
            if self._server is not None:
                self._server.close()
