"""The first process of a bed: brings everything up, then collects what ends.

Run in fresh namespaces of network, mounts and processes. What it mounts and starts nobody outside sees, and it ends with it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path

from .daemons import NODES, start_api_server, start_slurm, start_sshd
from .places import CACHE, FILES, INSIDE, OUTSIDE, READY, USER_HASH
from .running import run

RESERVED_PORTS = Path("/proc/sys/net/ipv4/ip_local_reserved_ports")


def main() -> None:
    """Bring the bed up, say so, and stay."""
    pid = Path("/proc/self").readlink().name  # of the machine's /proc, still
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", "192.0.2.1/32", "dev", "lo")  # with 127.0.0.1 alone, getaddrinfo takes the machine for offline
    _mount()
    with suppress(OSError):  # some kernels don't let it; then a connection may happen to have the port of SkyPilot's server
        RESERVED_PORTS.write_text("46580-46999", "ascii")
    _lay_out()
    start_slurm()
    start_sshd()
    start_api_server()
    (INSIDE / READY).write_text(pid, "utf-8")
    while True:
        try:
            os.wait()
        except ChildProcessError:
            time.sleep(1)


def _mount() -> None:
    """Give the bed a /proc and a /run of its own, with the bed's folder in it."""
    run("mount", "-t", "proc", "proc", "/proc")
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    for folder in (INSIDE, Path("/run/munge"), Path("/run/sshd")):
        folder.mkdir(mode=0o755)
    run("mount", "--bind", OUTSIDE, INSIDE)
    (INSIDE / "uv").mkdir()
    run("mount", "--bind", CACHE, INSIDE / "uv")


def _lay_out() -> None:
    """Put the bed's files in place, those of `files` and those that differ from machine to machine and from bed to bed."""
    shutil.copytree(FILES, INSIDE, dirs_exist_ok=True)
    for name in ("log", "state", "home/.ssh", "shared", "keys", "tmp"):
        (INSIDE / name).mkdir(parents=True)
    for name in ("started", "ended"):
        (INSIDE / "bin" / name).symlink_to("record")
    for name in ("host", "person"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", INSIDE / "keys" / name)
    (INSIDE / "keys/munge").write_bytes(os.urandom(1024))
    (INSIDE / "keys/munge").chmod(0o400)
    (INSIDE / USER_HASH).write_text(secrets.token_hex(4), "utf-8")

    names = ("localhost", socket.gethostname(), *NODES)
    (INSIDE / "etc/hosts").write_text("".join(f"127.0.0.1 {name}\n" for name in names), "utf-8")
    others = (line for line in Path("/etc/passwd").read_text("utf-8").splitlines() if not line.startswith("root:"))
    (INSIDE / "etc/passwd").write_text("\n".join([f"root:x:0:0:root:{INSIDE}/home:/bin/bash", *others, ""]), "utf-8")
    for name in ("hosts", "passwd", "profile", "slurm"):
        run("mount", "--bind", INSIDE / "etc" / name, Path("/etc") / name)


if __name__ == "__main__":
    main()
