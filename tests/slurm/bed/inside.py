"""The first process of a bed: brings everything up, then collects what ends.

Run in fresh namespaces of network, mounts and processes. What it mounts and starts nobody outside sees, and it ends with it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from urllib.request import urlopen

from .places import CACHE, FILES, INSIDE, OUTSIDE, READY, USER_HASH, environment

NODES = {"h100": 13, "h200": 3}
"""GPUs of each."""
NULL_DEVICE = os.makedev(1, 3)
PATIENCE = 180.0
"""Seconds for whatever is waited for: the machine may be a busy one."""


def main() -> None:
    """Bring the bed up, say so, and stay."""
    pid = Path("/proc/self").readlink().name  # of the machine's /proc, still
    _mount()
    _make_folders()
    _start_slurm()
    start_sshd()
    start_api_server()
    (INSIDE / READY).write_text(pid, "utf-8")
    while True:
        try:
            os.wait()
        except ChildProcessError:
            time.sleep(1)


def start_sshd() -> None:
    """Let SkyPilot reach the nodes."""
    run("/usr/sbin/sshd", "-f", INSIDE / "sshd_config", "-E", INSIDE / "log/sshd.log")


def start_api_server() -> None:
    """Start SkyPilot's API server as a person does, unless one runs; back when it answers."""
    # The command itself gives up after a minute, which can be too soon on a busy machine; what it has started goes on.
    subprocess.run(["sky", "api", "start"], env=environment(), check=False, stdin=subprocess.DEVNULL)
    wait_until(_api_server_answers, "the API server to answer")


def _api_server_answers() -> bool:
    try:
        with urlopen("http://127.0.0.1:46580/api/health", timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def run(*command: str | Path) -> str:
    """What a command prints; its errors go where ours do."""
    return subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True).stdout


def wait_until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Look until it holds.

    Raises:
        TimeoutError: It didn't in time.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.2)


def _mount() -> None:
    """Give the bed a /proc, a /run and some files of /etc of its own."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", "192.0.2.1/32", "dev", "lo")  # with 127.0.0.1 alone, getaddrinfo takes the machine for offline
    run("mount", "-t", "proc", "proc", "/proc")
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    INSIDE.mkdir()
    run("mount", "--bind", OUTSIDE, INSIDE)
    (INSIDE / "uv").mkdir()
    run("mount", "--bind", CACHE, INSIDE / "uv")
    accounts = Path("/etc/passwd").read_text("utf-8").splitlines(keepends=True)
    mine = {
        "hosts": "".join(f"127.0.0.1 {name}\n" for name in ("localhost", socket.gethostname(), *NODES)),
        "passwd": "".join([f"root:x:0:0:root:{INSIDE}/home:/bin/bash\n", *(a for a in accounts if not a.startswith("root:"))]),
        "profile": (FILES / "profile").read_text("utf-8"),
    }
    (INSIDE / "etc/slurm").mkdir(parents=True)
    for name in ("slurm.conf", "gres.conf"):
        shutil.copy(FILES / name, INSIDE / "etc/slurm")
    for name, text in mine.items():
        (INSIDE / "etc" / name).write_text(text, "utf-8")
    for name in ("slurm", *mine):
        run("mount", "--bind", INSIDE / "etc" / name, Path("/etc") / name)


def _make_folders() -> None:
    for name in ("log", "state", "home/.ssh", "person/.slurm", "person/.sky/catalogs/v8/common", "shared", "keys", "tmp"):
        (INSIDE / name).mkdir(parents=True)
    shutil.copy(FILES / "sshd_config", INSIDE)
    shutil.copytree(FILES / "bin", INSIDE / "bin")
    for name in ("started", "ended"):
        (INSIDE / "bin" / name).symlink_to("record")
    shutil.copy(FILES / "slurm-login", INSIDE / "person/.slurm/config")
    shutil.copy(FILES / "sky-config.yaml", INSIDE / "person/.sky/config.yaml")
    shutil.copy(FILES / "accelerators.csv", INSIDE / "person/.sky/catalogs/v8/common/accelerators.csv")
    (INSIDE / USER_HASH).write_text(secrets.token_hex(4), "utf-8")
    for name in ("host", "person"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", INSIDE / "keys" / name)


def _start_slurm() -> None:
    (INSIDE / "keys/munge").write_bytes(os.urandom(1024))
    (INSIDE / "keys/munge").chmod(0o400)
    for folder in ("/run/munge", "/run/sshd", "/run/gpus"):
        Path(folder).mkdir()
    Path("/run/munge").chmod(0o755)
    run(
        "munged",
        "--force",
        f"--key-file={INSIDE}/keys/munge",
        f"--log-file={INSIDE}/log/munged.log",
        "--pid-file=/run/munge/pid",
        "--seed-file=/run/munge/seed",
    )
    run("slurmctld")
    for node, gpus in NODES.items():
        (INSIDE / "spool" / node).mkdir(parents=True)
        Path("/run/gpus", node).mkdir()
        for number in range(gpus):
            os.mknod(f"/run/gpus/{node}/nvidia{number}", 0o20666, NULL_DEVICE)
        run("slurmd", "-N", node)
    wait_until(lambda: run("sinfo", "--noheader", "--Node", "--format=%t").split() == ["idle"] * len(NODES), "idle nodes")


if __name__ == "__main__":
    main()
