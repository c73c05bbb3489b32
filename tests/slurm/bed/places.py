"""Where things lie, inside and outside."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
FILES = Path(__file__).parent / "files"
OUTSIDE = Path(os.environ.get("LABHAND_BED") or REPOSITORY / ".cache/bed").resolve()
"""Where the bed lies on the machine's disk."""
CACHE = REPOSITORY / ".cache/uv"
"""Where all beds have what SkyPilot installs on clusters."""
INSIDE = Path("/run/bed")
"""The same folder as the bed's processes see it: always there, so that its files are as they are."""
READY = "ready"
"""Holds the process id, as the machine counts, of the bed's first process once everything runs."""
USER_HASH = "person/.sky/user_hash"
"""By which SkyPilot tells its users apart, also in the names of the folders in `/tmp` where it keeps connections open: one for
each bed, so that they don't share these."""


def environment() -> dict[str, str]:
    """Of a process inside that uses SkyPilot as a person would: with a home of its own."""
    return os.environ | {
        "HOME": str(INSIDE / "person"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(INSIDE / "tmp"),
        "SKYPILOT_DISABLE_USAGE_COLLECTION": "1",
        "SKYPILOT_POD_CPU_CORE_LIMIT": "1",  # the API server starts fewer processes in advance
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's way to say no: SkyPilot builds its own wheel, and the bed reaches no network
    }


def is_inside() -> bool:
    """Whether this process runs in a bed that is up."""
    return (INSIDE / READY).is_file()


def missing() -> str | None:
    """What this machine lacks for a bed that can't be had by installing packages; None for nothing."""
    if os.geteuid() != 0:
        return "a bed needs root: for namespaces of its own, and for Slurm"
    if not shutil.which("apt-get") and not shutil.which("slurmctld"):
        return "Slurm is not installed, and without apt-get it can't be"
    return None
