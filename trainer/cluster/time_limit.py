"""When the scheduler ends this machine's allocation."""

from __future__ import annotations

import os
import re
import subprocess
import time

QUERY_SECONDS = 20.0
_LEFT = re.compile(r"(?:(?P<days>\d+)-)?(?:(?P<hours>\d+):)?(?P<minutes>\d+):(?P<seconds>\d+)")
"""As `squeue` prints the time left: `1-02:03:04`, `02:03:04` or `03:04`."""


def end_of_allocation() -> float | None:
    """Return the Unix time at which Slurm ends the job that this process runs in; None outside of one, or without a limit."""
    job = os.environ.get("SLURM_JOB_ID", "")
    if not job.isdecimal():
        return None
    command = ["squeue", "--noheader", "--jobs", job, "--format", "%L"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=QUERY_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    left = seconds_left(done.stdout.strip())
    return None if left is None else time.time() + left


def seconds_left(text: str) -> float | None:
    """Return the seconds in a time left as `squeue` prints it; None for `UNLIMITED` and other words."""
    match = _LEFT.fullmatch(text)
    if match is None:
        return None
    days, hours, minutes, seconds = (int(match[name] or 0) for name in ("days", "hours", "minutes", "seconds"))
    return ((days * 24 + hours) * 60 + minutes) * 60.0 + seconds
