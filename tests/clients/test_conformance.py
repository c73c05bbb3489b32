from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from .programs import Clients, open_lab

pytestmark = pytest.mark.timeout(120)

SCENARIOS = (
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "prompts-list",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
)
"""Those that apply to a real server; the others want tools of the suite's own."""
PATIENCE = 120
"""Seconds until the server listens."""


@dataclass(frozen=True)
class Serving:
    """A lab that is served over HTTP."""

    clients: Clients
    url: str


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for all scenarios."""
    clients = open_lab(tmp_path_factory.mktemp("served"))
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    command = ["labhand", "serve", "--http", "--address", f"127.0.0.1:{port}"]
    log = clients.home / "server.log"
    with log.open("wb") as out, subprocess.Popen(command, cwd=clients.lab, env=clients.environment, stderr=out) as server:
        try:
            wait_until_it_listens(port, server)
            yield Serving(clients, f"http://127.0.0.1:{port}/mcp")
        finally:
            server.terminate()


def wait_until_it_listens(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        with suppress(subprocess.TimeoutExpired):
            pytest.fail(f"the server ended with {server.wait(timeout=0.05)}")
    pytest.fail(f"the server does not listen after {PATIENCE} s")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_server_conforms_over_http(serving: Serving, scenario: str) -> None:
    finished = serving.clients.run("conformance", "server", "--url", serving.url, "--scenario", scenario)

    assert finished.code == 0, finished.out + finished.err
