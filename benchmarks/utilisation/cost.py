"""What running a campaign costs on the lab's own machine."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.slurm.bed.places import INSIDE

TICKS = os.sysconf("SC_CLK_TCK")
SERVER_LOG = INSIDE / "person/.sky/api_server/server.log"


@dataclass(frozen=True)
class Usage:
    """Of a session of processes, those that have ended among them."""

    cpu_seconds: float
    peak_bytes: int

    def most(self, other: Usage) -> Usage:
        """The larger figure of both."""
        return Usage(max(self.cpu_seconds, other.cpu_seconds), max(self.peak_bytes, other.peak_bytes))


def usage(session: int) -> Usage:
    """Of the processes of a session, now."""
    ticks, resident = 0, 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text("utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session:
            ticks += sum(map(int, fields[11:15]))  # own time and that of children that ended, as user and as system
            resident += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    return Usage(ticks / TICKS, resident)


def api_calls() -> int:
    """That SkyPilot's API server has answered so far, without those that only ask whether it is there."""
    answered = re.findall(r'"(?:GET|POST|DELETE) (/\S*) HTTP', SERVER_LOG.read_text("utf-8"))
    return sum(not path.startswith("/api/health") for path in answered)
