"""Reads the log of a cluster's host, and writes what the host reports where it belongs."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ....trainer.contract.run_result import RunResult
from .context import PoolContext
from .events import Event, parse_event, plain_line
from .run_mirror import may_be_clusters_end
from .state import Placement

MAX_OTHER_LINES = 20
"""Lines of a log that are kept to explain why a host didn't start."""
SURVIVAL_SECONDS = 1.0
"""A host that is alive so long after a run ended by a signal was not hit by the same signal."""
MAX_DURATIONS = 16
"""Durations that are kept of runs of one budget."""

log = logging.getLogger(__name__)


class HostLogReader:
    """Follows the logs of one cluster's hosts.

    A log may be read from its beginning more than once, after a connection was cut: lines that were read before change nothing.

    Args:
        cluster: The cluster's name.
        context: What the clusters of the pool share.

    Attributes:
        is_heard: Whether the host that is followed has reported anything.
        is_idle: Whether its last report is that it ends because it has nothing to do.
        other_lines: The last lines of its log that aren't reports.
        settled: Runs whose results have arrived: their folders on the cluster may be removed.
        strays: Runs that go on there although the lab has given them up.
    """

    def __init__(self, cluster: str, context: PoolContext) -> None:
        self._cluster = cluster
        self._context = context
        self._records = context.records
        self.is_heard = False
        self.is_idle = False
        self.other_lines: deque[str] = deque(maxlen=MAX_OTHER_LINES)
        self.settled: set[str] = set()
        self.strays: set[str] = set()
        self._doubtful: dict[str, Event] = {}

    def restart(self) -> None:
        """Read a log from its beginning."""
        self.is_heard = self.is_idle = False
        self.other_lines.clear()
        self._doubtful.clear()

    def on_line(self, line: str, job: int) -> None:
        """Take a line of a host's log.

        Args:
            line: The line as SkyPilot prints it.
            job: The number of the host's job.
        """
        event = parse_event(line)
        if event is None:
            if text := plain_line(line):
                self.other_lines.append(text)
            return
        self.is_heard = True
        self.is_idle = event.get("host") == "idle"
        if self.is_idle or "alive" in event:
            self._settle_doubtful(float(event["t"]))
        if event.get("host") == "at work":
            self._on_host_start(event, job)
        elif "alive" in event:
            for run, at in event["alive"].items():
                self._context.mirror(run).on_alive(float(at))
        elif "run" in event:
            self._on_run(event["run"], event)

    def _on_host_start(self, event: Event, job: int) -> None:
        """A host lists the runs that it found: a run that was there before and isn't listed is lost."""
        record = self._records.cluster(self._cluster)
        self._context.backoff.on_success(record.infra)
        if record.job != job:
            return
        if "until" in event and record.ends_at is None:
            ends_at = float(event["until"])
            self._records.update_cluster(self._cluster, ends_at=ends_at, limit_seconds=ends_at - float(event["t"]))
        here = set(event.get("here", ()))
        for placement in self._records.placements_on(self._cluster):
            if placement.run in here or placement.at > record.job_at:
                continue
            if placement.state == "there":
                self.lose(placement, "its cluster has no record of it any more")
            elif placement.state == "sent":
                self._records.save_placement(placement, state="placed", at=time.time())

    def _on_run(self, run: str, event: Event) -> None:
        placement = self._records.placement(run)
        if placement is None or placement.cluster != self._cluster:
            self._on_stray(run, event)
            return
        if placement.state != "there":
            self._context.latencies.append(max(0.0, time.time() - placement.at))
            placement = replace(placement, state="there", at=time.time())
            self._records.save_placement(placement)
        self._on_event(placement, event)

    def _on_stray(self, run: str, event: Event) -> None:
        """A run that is over for the lab: its folder may be removed, but it has to end first."""
        if "result" in event or "lost" in event:
            self.strays.discard(run)
            self.settled.add(run)
        elif run not in self.settled:
            self.strays.add(run)

    def _on_event(self, placement: Placement, event: Event) -> None:
        mirror, at = self._context.mirror(placement.run), float(event["t"])
        match event:
            case {"phase": phase}:
                mirror.on_phase(phase, at)
                self._note_gpu(placement, event)
            case {"points": points}:
                mirror.on_points(points, at)
            case {"log": packed}:
                mirror.on_log(packed)
            case {"sealed": content}:
                mirror.on_sealed(content)
            case {"result": result} if may_be_clusters_end(result, was_cancelled=placement.cancelled):
                self._doubtful[placement.run] = event
            case {"result": result}:
                mirror.on_result(result)
                self._settle(placement, result)
            case {"lost": reason}:
                self.lose(placement, reason)
            case _:
                log.warning("%s: %s", placement.run, event.get("trouble"))

    def _settle_doubtful(self, now: float) -> None:
        """Take results that looked like the end of the cluster, now that its host has outlived them.

        Args:
            now: The host's time.
        """
        for run, event in list(self._doubtful.items()):
            placement = self._records.placement(run)
            if now < float(event["t"]) + SURVIVAL_SECONDS and not self.is_idle:
                continue
            del self._doubtful[run]
            if placement is not None and placement.cluster == self._cluster:
                self._context.mirror(run).on_result(event["result"])
                self._settle(placement, event["result"])

    def lose_doubtful(self) -> None:
        """The host has ended without a farewell: the runs that ended just before it ended with it."""
        for run in list(self._doubtful):
            del self._doubtful[run]
            placement = self._records.placement(run)
            if placement is not None and placement.cluster == self._cluster:
                self.lose(placement, "its cluster ended while it ran")

    def _note_gpu(self, placement: Placement, event: Event) -> None:
        if (gpu := event.get("gpu")) is not None and placement.gpu is None:
            self._records.save_placement(placement, gpu=str(gpu), since=event.get("since"))

    def _settle(self, placement: Placement, result: Mapping[str, Any]) -> None:
        """A run is over, and its result has been written."""
        self._records.remove_placement(placement.run)
        self.settled.add(placement.run)
        read = RunResult.read(result, placement.run)
        if read.status == "succeeded" and read.held_seconds:
            durations = self._context.run_seconds.setdefault(placement.budget_seconds, deque(maxlen=MAX_DURATIONS))
            durations.append(read.held_seconds)
        self._context.changed.set()

    def lose(self, placement: Placement, reason: str) -> None:
        """End a run that is gone without a result, unless its result is in the storage."""
        if not self._context.take_stored(placement.run):
            log.warning("%s is lost: %s", placement.run, reason)
        self._records.remove_placement(placement.run)
        self._context.changed.set()
