"""Bring a bed up, run a command inside it, take it down.

Run: python -m tests.slurm.bed up | run COMMAND... | down
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from .places import OUTSIDE, PACKAGES, READY, REPOSITORY, USER_HASH, environment, missing

HOLD = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", sys.executable, "-m", "tests.slurm.bed.inside"]
PATIENCE = 120.0
"""Seconds for a bed to come up, or to be gone."""


def main() -> None:
    """Do what the command line says."""
    match sys.argv[1:]:
        case ["up"]:
            up()
        case ["run", *command] if command:
            sys.exit(run(command))
        case ["down"]:
            down()
        case _:
            sys.exit(__doc__)


def up() -> None:
    """Bring the bed up, unless it is.

    Raises:
        SystemExit: It can't be; says why.
    """
    if reason := missing():
        sys.exit(reason)
    if _first_process() is not None:
        return
    _install_packages()
    _fill_package_cache()
    _clear()
    (OUTSIDE / "python").write_text(sys.executable, "utf-8")
    with (OUTSIDE / "bed.log").open("wb") as log:
        holder = subprocess.Popen(
            HOLD, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    deadline = time.monotonic() + PATIENCE
    while not (OUTSIDE / READY).exists():
        if holder.poll() is not None or time.monotonic() > deadline:
            holder.kill()
            sys.exit(f"the bed didn't come up; {OUTSIDE}/bed.log says:\n{(OUTSIDE / 'bed.log').read_text('utf-8')[-2000:]}")
        time.sleep(0.1)


def run(command: list[str]) -> int:
    """Run a command in the bed; in one of its own, where none is up. Gives its exit status."""
    first = _first_process()
    if first is None:
        if missing():
            return subprocess.run(command, check=False).returncode  # tests skip themselves, and say why
        up()
        try:
            return run(command)
        finally:
            down()
    enter = ["nsenter", f"--target={first}", "--net", "--mount", "--pid"]
    there = f"cd {shlex.quote(str(Path.cwd()))} && exec {shlex.join(command)}"
    return subprocess.run([*enter, "bash", "-c", there], env=environment(), check=False).returncode


def down() -> None:
    """End the bed's first process, with which the kernel ends all others; wait until it is gone."""
    first = _first_process()
    if first is None:
        return
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while _first_process() is not None:
        if time.monotonic() > deadline:
            sys.exit(f"process {first} doesn't end")
        time.sleep(0.1)
    (OUTSIDE / READY).unlink()
    _clear_temporary()


def _first_process() -> int | None:
    """Its id, if the bed is up."""
    try:
        first = int((OUTSIDE / READY).read_text("utf-8"))
        alive = b"tests.slurm.bed.inside" in Path(f"/proc/{first}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return first if alive else None


def _clear() -> None:
    """Remove what the bed before this one left, but for what it had fetched."""
    _clear_temporary()
    for path in OUTSIDE.iterdir():
        if path.name != "uv":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _clear_temporary() -> None:
    """Remove from the machine's `/tmp` what SkyPilot put there and on the nodes; its names end with the hash of its user."""
    if (OUTSIDE / USER_HASH).exists():
        for path in Path("/tmp").glob(  # noqa: S108 - not ours to choose
            f"*[_-]{(OUTSIDE / USER_HASH).read_text('utf-8')}"
        ):
            shutil.rmtree(path)


def _install_packages() -> None:
    """Install what Debian has and this machine lacks, without starting the machine's own daemons of it."""
    found = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${Status}\n", *PACKAGES], capture_output=True, text=True, check=False
    ).stdout
    lacking = [name for name in PACKAGES if f"{name} install ok installed" not in found]
    if not lacking:
        return
    policy = Path("/usr/sbin/policy-rc.d")
    mine = not policy.exists()
    if mine:
        policy.write_text("#!/bin/sh\nexit 101\n", "utf-8")
        policy.chmod(0o755)
    try:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *lacking], env=quiet, check=True)
    finally:
        if mine:
            policy.unlink()


def _fill_package_cache() -> None:
    """Fetch what SkyPilot installs on every cluster, since the bed reaches no network."""
    cache = OUTSIDE / "uv"
    stamp = cache / "filled"
    if stamp.exists():
        return
    OUTSIDE.mkdir(parents=True, exist_ok=True)
    uv = [str(Path(sys.executable).with_name("uv")), "--cache-dir", str(cache), "--quiet"]
    scratch = OUTSIDE / "scratch"
    installed = subprocess.run(
        [sys.executable, "-c", "import sky; print(sky.__version__)"], capture_output=True, text=True, check=True
    )
    subprocess.run([*uv, "venv", "--clear", "--seed", str(scratch), "--python", sys.executable], check=True)
    subprocess.run(
        [
            *uv,
            "pip",
            "install",
            "--python",
            str(scratch / "bin/python"),
            "setuptools<70",
            f"skypilot[slurm,remote]=={installed.stdout.strip()}",
        ],
        check=True,
    )
    stamp.touch()


if __name__ == "__main__":
    main()
