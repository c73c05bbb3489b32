"""A run as its host handles it: started, followed, asked to end."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any

from ..contract.errors import ContractError
from ..contract.host_events import print_event
from ..contract.starting.runner_process import start_runner
from .gpu_slots import GpuSlot
from .spool import SpooledRun

MAX_REPORTED_POINTS = 200
"""Of one run's curve; all points lie in its folder."""


class HostedRun:
    """A run, and what was reported of it.

    Attributes:
        slot: The slot that it holds; None before it runs, or if the slot isn't one of this host's.
        pid: Of its runner, if this host started it.
    """

    def __init__(self, folder: SpooledRun) -> None:
        self.folder = folder
        self.name = folder.path.name
        self.slot: GpuSlot | None = None
        self.pid: int | None = None
        self._phase: str | None = None
        self._curve = Curve(folder)

    @property
    def index(self) -> str | None:
        """The GPU on which an earlier host has started it; None if it isn't known."""
        spec = self.folder.spec_if_usable()
        return None if spec is None else spec.gpu

    def tell(self, **what: object) -> None:
        """Print an event of this run."""
        print_event(run=self.name, **what)

    def report_progress(self) -> None:
        """Report its phase and new points of its curve."""
        phase = self.folder.phase()
        if phase is not None and phase != self._phase:
            self._phase = phase
            self.tell(
                phase=phase, gpu=None if self.slot is None else self.slot.index, since=round(self.folder.phase_since(), 2)
            )
        if points := self._curve.new_points():
            self.tell(points=points)

    def report_rest(self) -> None:
        """Report the rest of its curve, now that the run is over."""
        if points := self._curve.new_points(whole=True):
            self.tell(points=points)

    def is_over(self) -> bool:
        """Whether its runner has ended."""
        if self.pid is None:
            return not self.folder.is_claimed()
        with suppress(ChildProcessError):
            return os.waitpid(self.pid, os.WNOHANG)[0] != 0
        return True

    def ask_to_end(self) -> bool:
        """Send its runner a SIGTERM.

        Returns:
            False while the runner has not claimed its run, and so would leave no result.
        """
        pid = self.folder.claimant()
        if pid is None or not self.folder.is_claimed():
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        return True


def spawn(run: HostedRun, slot: GpuSlot) -> None:
    """Start a runner for a run, on a slot; the runner outlives this process."""
    run.slot = slot
    with suppress(ContractError):  # the runner explains in its result what is wrong with the file
        run.folder.complete_spec(device="cuda", gpu=slot.index, cores=slot.cores, gate=slot.gate)
    run.pid = start_runner(sys.executable, run.folder)


class Curve:
    """The points of a run's curve that haven't been reported yet.

    Args:
        folder: Of the run.
    """

    def __init__(self, folder: SpooledRun) -> None:
        self._path = folder.curve
        self._read = 0
        spec = folder.spec_if_usable()
        self._between = 0.0 if spec is None else spec.budget_seconds / MAX_REPORTED_POINTS
        self._reported_at = float("-inf")
        self._last: Any = None

    def new_points(self, *, whole: bool = False) -> list[Any]:
        """Points to report now: far enough apart, and the last one if the curve is complete (`whole`)."""
        selected: list[Any] = []
        for point in self._new():
            self._last = point
            if point["seconds"] - self._reported_at >= self._between:
                self._select(point, selected)
        if whole and self._last is not None and self._last["seconds"] > self._reported_at:
            self._select(self._last, selected)
        return selected

    def _select(self, point: Any, selected: list[Any]) -> None:  # noqa: ANN401
        self._reported_at = point["seconds"]
        selected.append(point)

    def _new(self) -> list[Any]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                whole, newline, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return []
        self._read += len(whole) + len(newline)
        points: list[Any] = []
        for line in whole.splitlines():
            with suppress(ValueError, TypeError, KeyError):
                point = json.loads(line)
                float(point["seconds"])
                points.append(point)
        return points
