"""What the host of a cluster says, written down where it belongs."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ....trainer.contract.run_result import RunResult
from .context import PoolContext
from .events import Event, event, words
from .state import Placement

LINES = 20
"""Of a log, kept for whoever has to find out why a host didn't start."""
MOST_SEEN = 16
"""Durations kept of runs of one budget."""

log = logging.getLogger(__name__)


class HostLogReader:
    """Follows what one cluster's hosts say. Lines may come again, from the beginning of a log: they change nothing then.

    Args:
        cluster: Its name.
        around: What it shares with others.

    Attributes:
        is_heard: The host that is followed has said something.
        is_idle: It has said that it ends, having nothing to do.
        last_words: What else its log had to say.
        settled: Runs that may be removed from the cluster.
        strays: Runs that go on there, and that the lab has given up.
    """

    def __init__(self, cluster: str, around: PoolContext) -> None:
        self._cluster = cluster
        self._around = around
        self._records = around.records
        self.is_heard = False
        self.is_idle = False
        self.last_words: deque[str] = deque(maxlen=LINES)
        self.settled: set[str] = set()
        self.strays: set[str] = set()

    def begin(self) -> None:
        """A log is followed from its beginning."""
        self.is_heard = self.is_idle = False
        self.last_words.clear()

    def hear(self, line: str, job: int) -> None:
        """Take a line of a host's log.

        Args:
            line: As SkyPilot gives it.
            job: The host's.
        """
        happened = event(line)
        if happened is None:
            if told := words(line):
                self.last_words.append(told)
            return
        self.is_heard = True
        self.is_idle = happened.get("host") == "idle"
        if happened.get("host") == "at work":
            self._hear_host(happened, job)
        elif "alive" in happened:
            for run, at in happened["alive"].items():
                self._around.mirror(run).hear_alive(float(at))
        elif "run" in happened:
            self._hear_run(happened["run"], happened)

    def _hear_host(self, happened: Event, job: int) -> None:
        """A host has begun: what was there before it and isn't there any more is lost."""
        record = self._records.cluster(self._cluster)
        self._around.rest.worked(record.infra)
        here = set(happened.get("here", ()))
        for placement in self._records.placements() if record.job == job else ():
            if placement.cluster != self._cluster or placement.run in here or placement.at > record.job_at:
                continue
            if placement.state == "there":
                self.lose(placement, "its cluster has forgotten it")
            elif placement.state == "sent":
                self._records.place(placement, state="placed", at=time.time())

    def _hear_run(self, run: str, happened: Event) -> None:
        placement = self._records.placement(run)
        if placement is None or placement.cluster != self._cluster:
            self._hear_stray(run, happened)
            return
        if placement.state != "there":
            self._around.latency.append(max(0.0, time.time() - placement.at))
            placement = replace(placement, state="there", at=time.time())
            self._records.place(placement)
        self._hear_of(placement, happened)

    def _hear_stray(self, run: str, happened: Event) -> None:
        """A run that is over for the lab: it may go, or has to end first."""
        if "result" in happened or "lost" in happened:
            self.strays.discard(run)
            self.settled.add(run)
        elif run not in self.settled:
            self.strays.add(run)

    def _hear_of(self, placement: Placement, happened: Event) -> None:
        mirror, at = self._around.mirror(placement.run), float(happened["t"])
        match happened:
            case {"phase": phase}:
                mirror.hear_phase(phase, at)
                self._note_gpu(placement, happened)
            case {"points": points}:
                mirror.hear_points(points, at)
            case {"log": packed}:
                mirror.hear_log(packed)
            case {"sealed": told}:
                mirror.hear_sealed(told)
            case {"result": result}:
                mirror.hear_result(result)
                self._settle(placement, result)
            case {"lost": why}:
                self.lose(placement, why)
            case _:
                log.warning("%s: %s", placement.run, happened.get("trouble"))

    def _note_gpu(self, placement: Placement, happened: Event) -> None:
        if (gpu := happened.get("gpu")) is not None and placement.gpu is None:
            self._records.place(placement, gpu=str(gpu), since=happened.get("since"))

    def _settle(self, placement: Placement, result: Mapping[str, Any]) -> None:
        """A run is over."""
        self._records.forget(placement.run)
        self.settled.add(placement.run)
        read = RunResult.read(result, placement.run)
        if read.status == "succeeded" and read.held_seconds:
            seen = self._around.seconds.setdefault(placement.budget_seconds, deque(maxlen=MOST_SEEN))
            seen.append(read.held_seconds)
        self._around.changed.ring()

    def lose(self, placement: Placement, why: str) -> None:
        """A run is gone without a result, unless the storage has one."""
        if not self._around.has_kept(placement.run):
            log.warning("%s is lost: %s", placement.run, why)
        self._records.forget(placement.run)
        self._around.changed.ring()
