"""Servers as processes, and clients of them, for tests of the transports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from labhand.server.http_settings import token_hash
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import Implementation

MAX_START_SECONDS = 60.0
ALICE, BOB = "token-of-alice", "token-of-bob"
TWO_CALLERS = f'[http.tokens]\nalice = "{token_hash(ALICE)}"\nbob = "{token_hash(BOB)}"\n'
SERVE = ["-m", "labhand.server.main", "serve", "--root"]


@dataclass(frozen=True)
class HttpServer:
    """A server over HTTP.

    Attributes:
        port: Where it listens.
        process: Its process.
        log: What it writes to standard error.
    """

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """The URL for clients on this machine."""
        return f"http://127.0.0.1:{self.port}/mcp"


@contextmanager
def serving(
    root: Path,
    *,
    toml: str = "",
    host: str = "127.0.0.1",
    environment: Mapping[str, str] | None = None,
    more: Sequence[str] = (),
) -> Generator[HttpServer]:
    """Serve the lab at a root over HTTP.

    Args:
        root: The folder of the lab.
        toml: Added to its labhand.toml.
        host: The host to listen at.
        environment: Further variables.
        more: Further arguments of `labhand serve`.
    """
    settings = root / "labhand.toml"
    settings.write_text(settings.read_text("utf-8") + toml, "utf-8")
    port, log = free_port(), root / "server.log"
    command = [sys.executable, *SERVE, str(root), "--http", "--address", f"{host}:{port}", *more]
    with (
        log.open("wb") as stderr,
        subprocess.Popen(command, env=os.environ | dict(environment or {}), stdin=subprocess.DEVNULL, stderr=stderr) as process,
    ):
        try:
            wait_for_port(port, process)
            yield HttpServer(port, process, log)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=120)


def free_port() -> int:
    """Return a TCP port on which nothing listens."""
    with closing(socket.socket()) as finder:
        finder.bind(("127.0.0.1", 0))
        port: int = finder.getsockname()[1]
    return port


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when a server listens."""
    deadline = time.monotonic() + MAX_START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server has ended"
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server never listened")


@asynccontextmanager
async def client_of(
    url: str, token: str | None = None, *, mode: str = "auto", info: Implementation | None = None
) -> AsyncGenerator[Client]:
    """Connect a client that sends a token, and gives itself a name."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode, client_info=info) as client,
    ):
        yield client
