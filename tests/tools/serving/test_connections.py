"""Half-sent requests, idle sessions and their number are bounded."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import anyio
import httpx2
import pytest
from labhand.tools.serving import connections
from labhand.tools.serving.connections import BoundedConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config, Server

from .servers import free_port

HALF_HEADERS = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n"
HALF_BODY = HALF_HEADERS + b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
WHOLE = b"GET /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass(frozen=True)
class Listening:
    """A server in a thread of this process, so that a test can shorten its limits."""

    port: int
    server: Server

    def connect(self) -> socket.socket:
        """Open a connection whose reads are bounded."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    @property
    def open_connections(self) -> int:
        """How many connections the server holds."""
        return len(self.server.server_state.connections)


async def _reads_everything(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    message = await receive()
    while message.get("more_body"):
        message = await receive()
    if message["type"] == "http.request":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@contextmanager
def listening(app: ASGIApp = _reads_everything) -> Generator[Listening]:
    """Serve an application, by default one that reads each request to its end."""
    port = free_port()
    server = Server(Config(app, port=port, http=BoundedConnection, ws="none", log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        with httpx2.Client(transport=httpx2.HTTPTransport(retries=8)) as http:
            assert http.get(f"http://127.0.0.1:{port}/").text == "ok"
        yield Listening(port, server)
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.mark.parametrize("sent", [b"", HALF_HEADERS, HALF_BODY])
def test_a_half_sent_request_is_closed_in_time(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.5)
    with listening() as server, server.connect() as client:
        client.sendall(sent)
        received = b""
        while chunk := client.recv(4096):
            received += chunk
    assert received.endswith(connections.TIMED_OUT)


@pytest.mark.parametrize(("first", "then"), [(WHOLE, HALF_BODY), (WHOLE + HALF_HEADERS, b"")], ids=["after", "with"])
def test_a_half_sent_second_request_is_closed_too(monkeypatch: pytest.MonkeyPatch, first: bytes, then: bytes) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.5)
    with listening() as server, server.connect() as client:
        client.sendall(first)
        received = client.recv(4096)
        client.sendall(then)
        while chunk := client.recv(4096):
            received += chunk
    assert b"ok" in received


def test_of_800_half_sent_requests_only_the_newest_stay_open() -> None:
    with listening() as server, ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(800)]
        for client in clients:
            with suppress(OSError):  # it may be closed already, for a newer one
                client.sendall(HALF_HEADERS)
        with httpx2.Client() as http:
            assert http.get(f"http://127.0.0.1:{server.port}/").text == "ok"
        assert server.open_connections <= connections.MAX_UNFINISHED + 1
        assert clients[0].recv(4096) in {b"", connections.TIMED_OUT}


def test_more_connections_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 3)
    with listening() as server, ExitStack() as stack:
        for _ in range(3):
            client = stack.enter_context(server.connect())
            client.sendall(WHOLE)
            assert client.recv(4096).endswith(b"ok")
        extra = stack.enter_context(server.connect())
        with suppress(ConnectionResetError):
            assert extra.recv(4096) == b""


def test_a_request_that_is_answered_slowly_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.2)
    answered = threading.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await anyio.sleep(0.6)  # longer than a request may take to arrive
            answered.set()
        await _reads_everything(scope, receive, send)

    with listening(slow):
        assert answered.is_set()
