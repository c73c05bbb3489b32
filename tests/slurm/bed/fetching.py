"""What a bed needs of the world: Debian's packages, and what SkyPilot installs on every cluster.

Run: python -m tests.slurm.bed.fetching, to install Debian's packages before anything else is there.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from .places import CACHE

PACKAGES = (
    "slurmctld",
    "slurmd",
    "slurm-client",
    "munge",
    "openssh-server",
    "openssh-client",
    "rsync",
    "netcat-openbsd",
    "socat",
    "curl",
    "procps",
    "iproute2",
    "util-linux",
)
POLICY = Path("/usr/sbin/policy-rc.d")
"""Tells packages whether they may start daemons as they are installed."""


def fetch() -> None:
    """Fetch what isn't here; several at once wait for each other."""
    with _alone():
        _install_packages()
        _fill_cache()


@contextmanager
def _alone() -> Generator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install_packages() -> None:
    """Install what Debian has and this machine lacks, without starting the machine's own daemons of it."""
    found = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${Status}\n", *PACKAGES], capture_output=True, text=True, check=False
    ).stdout
    lacking = [name for name in PACKAGES if f"{name} install ok installed" not in found]
    if not lacking:
        return
    mine = not POLICY.exists()
    if mine:
        POLICY.write_text("#!/bin/sh\nexit 101\n", "utf-8")
        POLICY.chmod(0o755)
    try:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *lacking], env=quiet, check=True)
    finally:
        if mine:
            POLICY.unlink()


def _fill_cache() -> None:
    """Fetch what a new cluster installs, since the bed reaches no network."""
    stamp = CACHE / f"skypilot-{version('skypilot')}"
    if stamp.exists():
        return
    uv = [str(Path(sys.executable).with_name("uv")), "--cache-dir", str(CACHE), "--quiet"]
    scratch = CACHE / "scratch"
    subprocess.run([*uv, "venv", "--clear", "--seed", str(scratch), "--python", sys.executable], check=True)
    wanted = ["setuptools<70", f"skypilot[slurm,remote]=={version('skypilot')}"]
    subprocess.run([*uv, "pip", "install", "--python", str(scratch / "bin/python"), *wanted], check=True)
    stamp.touch()


if __name__ == "__main__":
    with _alone():
        _install_packages()
