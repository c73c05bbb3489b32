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

from .fetching import fetch
from .places import OUTSIDE, READY, REPOSITORY, USER_HASH, environment, missing

HOLD = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", sys.executable, "-m", "tests.slurm.bed.inside"]
WITH_US = ["setpriv", "--pdeathsig", "KILL"]
"""Before a command: it ends when this process does, however."""
PATIENCE = 300.0
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


def up(*, for_one_command: bool = False) -> None:
    """Bring the bed up, unless it is.

    Raises:
        SystemExit: It can't be; says why.
    """
    if reason := missing():
        sys.exit(reason)
    if _first_process() is not None:
        return
    fetch()
    _clear()
    (OUTSIDE / "python").write_text(sys.executable, "utf-8")
    hold = [*WITH_US, *HOLD] if for_one_command else HOLD
    with (OUTSIDE / "bed.log").open("wb") as log:
        holder = subprocess.Popen(
            hold, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    deadline = time.monotonic() + PATIENCE
    while not (OUTSIDE / READY).exists():
        if holder.poll() is not None or time.monotonic() > deadline:
            holder.kill()
            sys.exit(f"the bed didn't come up; {OUTSIDE}/bed.log says:\n{(OUTSIDE / 'bed.log').read_text('utf-8')[-2000:]}")
        time.sleep(0.1)


def run(command: list[str]) -> int:
    """Run a command in the bed; in one for this command alone, where none is up. Gives its exit status."""
    first = _first_process()
    if first is None:
        if missing():
            return subprocess.run(command, check=False).returncode  # tests skip themselves, and say why
        up(for_one_command=True)
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
    """Remove what the bed before this one left."""
    _clear_temporary()
    if OUTSIDE.exists():
        shutil.rmtree(OUTSIDE)
    OUTSIDE.mkdir(parents=True)


def _clear_temporary() -> None:
    """Remove from the machine's `/tmp` what SkyPilot put there and on the nodes; its names end with the hash of its user."""
    if (OUTSIDE / USER_HASH).exists():
        for path in Path("/tmp").glob(  # noqa: S108 - not ours to choose
            f"*[_-]{(OUTSIDE / USER_HASH).read_text('utf-8')}"
        ):
            shutil.rmtree(path)


if __name__ == "__main__":
    main()
