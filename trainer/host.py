"""Runs what arrives in a cluster's spool, one run on each GPU or group of GPUs, until nothing has arrived for a while.

`python -m labhand.trainer.host ROOT` is one long job of a cluster. It starts `labhand.trainer.runner` on each run, and reports
events as single lines of a mark and JSON, which docs/skypilot.md lists. Everything that it knows can be read from the run
folders, so that the next host can take over what this one leaves.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .cluster.archive import Archiver
from .cluster.checkpoint_store import CheckpointStore
from .cluster.gpu_slots import GpuSlot, slots
from .cluster.hosted_run import HostedRun, spawn
from .cluster.spool import Spool
from .cluster.time_limit import end_of_allocation
from .contract.host_events import print_event
from .contract.run_result import RunResult

TICK_SECONDS = 0.2
CHECKPOINT_SECONDS = 2.0
"""Between two looks for checkpoints to be saved."""
ALIVE_SECONDS = 10.0
"""Between two events that report that the host is alive, and when each run last gave a sign of life."""


class Host:
    """Starts runs on GPUs and follows them.

    Args:
        spool: Where they arrive.
        free: The slots.
        archiver: Archives and reports runs that are over.
        overlap: Start a run beside one that is evaluated; the slots have gates then.
    """

    def __init__(self, spool: Spool, free: Sequence[GpuSlot], archiver: Archiver, *, overlap: bool = False) -> None:
        self._overlap = overlap
        self._spool = spool
        self._free = list(free)
        self._archiver = archiver
        self._queue: list[HostedRun] = []
        self._running: list[HostedRun] = []
        self._known: set[str] = set()
        self._alive_at = 0.0
        self._saved_at = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to do."""
        return not (self._queue or self._running or self._archiver.is_busy)

    def tick(self) -> None:
        """Check everything once."""
        self._receive()
        self._cancel()
        self._follow()
        self._begin()
        self._save_checkpoints()
        self._archiver.report_done()
        self._report_alive()

    def _receive(self) -> None:
        """Take over runs that have arrived, and those that an earlier host has left."""
        new = self._spool.names() - self._known
        self._known |= new
        for run in sorted((HostedRun(self._spool.arrived(name)) for name in new), key=lambda run: run.folder.order):
            if run.folder.result_json() is not None:
                self._archiver.save(run)
            elif run.folder.was_claimed():
                self._running.append(run)
                if not self._is_leaving(run):
                    run.slot = self._take(run.index)
            else:
                self._queue.append(run)
                run.tell(phase="queued")

    def _take(self, index: str | None) -> GpuSlot | None:
        """The slot that an adopted run holds; None if this host doesn't have it."""
        slot = next((slot for slot in self._free if slot.index == index), None)
        if slot is not None:
            self._free.remove(slot)
        return slot

    def _cancel(self) -> None:
        for name in self._spool.cancels():
            if queued := next((run for run in self._queue if run.name == name), None):
                self._queue.remove(queued)
                queued.folder.write_result(RunResult.cancelled(name))
                self._archiver.save(queued)
                self._spool.forget_cancel(name)
            elif running := next((run for run in self._running if run.name == name), None):
                if running.ask_to_end():
                    self._spool.forget_cancel(name)
            elif name in self._known:
                self._spool.forget_cancel(name)

    def _follow(self) -> None:
        for run in list(self._running):
            run.report_progress()
            is_over = run.is_over()
            if run.slot is not None and (is_over or self._is_leaving(run)):
                self._free.append(run.slot)
                run.slot = None
            if is_over:
                self._running.remove(run)
                self._archiver.save(run)

    def _is_leaving(self, run: HostedRun) -> bool:
        """Whether the next run may start beside this one: it has trained, and the gate holds the next one until it ends."""
        return self._overlap and run.folder.phase() == "evaluating"

    def _begin(self) -> None:
        while self._queue and self._free:
            run, slot = self._queue.pop(0), self._free.pop(0)
            self._archiver.restore_checkpoint(run)
            spawn(run, slot)
            self._running.append(run)

    def _save_checkpoints(self) -> None:
        if time.monotonic() - self._saved_at >= CHECKPOINT_SECONDS:
            self._saved_at = time.monotonic()
            self._archiver.save_checkpoints(self._running)

    def _report_alive(self) -> None:
        if time.monotonic() - self._alive_at >= ALIVE_SECONDS:
            self._alive_at = time.monotonic()
            print_event(alive={run.name: round(run.folder.last_sign_of_life() or time.time(), 1) for run in self._running})


def main(arguments: Sequence[str]) -> int:
    """The command line: be the host of a spool, unless it has one.

    Args:
        arguments: As `--help` says.
    """
    parser = argparse.ArgumentParser(prog="python -m labhand.trainer.host", description="Run what arrives, one run on each GPU")
    parser.add_argument("root", type=Path, help="the spool")
    parser.add_argument("--gpus", type=int, required=True, help="how many there are, if CUDA_VISIBLE_DEVICES doesn't say")
    parser.add_argument("--gpus-per-run", type=int, default=1, help="how many of them a run takes at once")
    parser.add_argument("--linger", type=float, default=30.0, help="seconds without anything to do after which it ends")
    parser.add_argument("--overlap", action="store_true", help="start a run beside one that is evaluated on its GPU")
    parser.add_argument("--storage", type=Path, help="where results are kept, beyond this machine's life")
    given = parser.parse_args(arguments)
    os.umask(0o022)
    spool = Spool(given.root)
    if spool.lock() is None:
        print_event(host="another one is at work here")
        return 0
    gpu_slots = slots(given.gpus, given.root if given.overlap else None, given.gpus_per_run)
    ends_at = end_of_allocation()
    until = {} if ends_at is None else {"until": round(ends_at, 1)}
    print_event(host="at work", slots=[slot.index for slot in gpu_slots], here=sorted(spool.names()), **until)
    checkpoints = CheckpointStore((given.storage or given.root) / "checkpoints")
    with ThreadPoolExecutor(1) as thread:
        archiver = Archiver(thread, given.storage, checkpoints)
        _run(Host(spool, gpu_slots, archiver, overlap=given.overlap), given.linger)
    print_event(host="idle")
    return 0


def _run(host: Host, linger: float) -> None:
    # A runner that ends interrupts the wait, so that its GPU gets the next run at once.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    busy_at = time.monotonic()
    while True:
        host.tick()
        if not host.is_idle:
            busy_at = time.monotonic()
        elif time.monotonic() - busy_at >= linger:
            return
        signal.sigtimedwait({signal.SIGCHLD}, TICK_SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
