"""The server as a process: what it imports, how it ends, and whom it lets in."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio
import httpx2
import pytest
from labhand.server.errors import SettingsError
from labhand.tools.serving.http import parse_address
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from ..calls import data

SERVE = ["-m", "labhand.server.main", "serve", "--root"]


@pytest.mark.anyio
async def test_a_client_over_stdio_is_answered(root: Path) -> None:
    server = StdioServerParameters(command=sys.executable, args=[*SERVE, str(root)])
    async with Client(server) as client:
        assert (await data(client, "get_briefing"))["goal"] == "Find the bottom"


def test_the_server_imports_neither_torch_nor_sky_nor_what_only_launches_need(root: Path) -> None:
    code = (
        "import sys; from labhand.tools.app import build; from labhand.tools.lab_context import LabHandle;"
        " from pathlib import Path;"
        "build(LabHandle(Path(sys.argv[1])));"
        "late = {'torch', 'numpy', 'sky', 'scipy', 'optuna', 'libcst', 'matplotlib', 'jinja2'}; print(*late & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == []


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_server_at_once(root: Path, signal_number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, *SERVE, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal_number)
        assert process.wait(timeout=120) == 0


def test_end_of_input_ends_the_server(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, *SERVE, str(root)], stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0
    assert done.stdout == b""


def test_serving_beyond_loopback_without_a_token_is_refused(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, *SERVE, str(root), "--http", "--address", "0.0.0.0:8787"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "token" in done.stderr


@pytest.mark.parametrize("address", ["", "8787", "host:", ":1", "host:port", "host:70000"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1:8787"):
        parse_address(address)


@pytest.fixture
def served(root: Path) -> Iterator[str]:
    """The URL of a server over HTTP that wants the token `s3cret`."""
    with closing(socket.socket()) as finder:
        finder.bind(("127.0.0.1", 0))
        port = finder.getsockname()[1]
    environment = os.environ | {"LABHAND_HTTP__TOKEN": "s3cret"}
    with subprocess.Popen(
        [sys.executable, *SERVE, str(root), "--http", "--address", f"127.0.0.1:{port}"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=120)


async def _until_it_listens(url: str) -> None:
    async with httpx2.AsyncClient() as http:
        with anyio.fail_after(120):
            while True:
                try:
                    await http.get(url)
                except httpx2.ConnectError:
                    await anyio.sleep(0.05)
                else:
                    return


@pytest.mark.anyio
async def test_over_http_only_who_has_the_token_comes_in(served: str) -> None:
    await _until_it_listens(served)
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    async with httpx2.AsyncClient() as http:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert (await http.post(served, json=body, headers=headers)).status_code == 401
        told = await http.post(served, json=body, headers={"Authorization": "Bearer s3cret", "Host": "evil.example"})
        assert told.status_code == 421
    async with (
        httpx2.AsyncClient(headers={"Authorization": "Bearer s3cret"}) as http,
        Client(streamable_http_client(served, http_client=http)) as client,
    ):
        assert (await data(client, "get_briefing"))["goal"] == "Find the bottom"
