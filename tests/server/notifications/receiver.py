"""A web server on loopback that answers as it is told: with a status, after a while, never, or without an end."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override

HANG = -1
"""Instead of a status: no answer until the server ends."""
ENDLESS = -2
"""Instead of a status: an answer without an end."""


class Receiver:
    """What came in, and what is answered.

    Attributes:
        answers: Statuses for the next requests, in turn; the last one holds for all that follow.
        requests: Path, headers and body of each request.
        arrived: Set at each request.
    """

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers) or [200]
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.arrived = threading.Event()
        self.ends = threading.Event()
        self.port = 0
        self.retry_after = ""

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of the requests."""
        return [body for _, _, body in self.requests]

    def url(self, path: str = "/hooks/T0PSECRET/x9y8z7") -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}{path}"

    def next_answer(self) -> int:
        """Take the next answer."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Server(ThreadingHTTPServer):
    """A web server with what it is told to answer."""

    daemon_threads = True

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.receiver = receiver


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        receiver = self.server.receiver
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver.requests.append((self.path, headers, json.loads(self.rfile.read(length))))
        answer = receiver.next_answer()
        receiver.arrived.set()
        if answer == HANG:
            receiver.ends.wait(60)
        elif answer == ENDLESS:
            self._answer_without_end()
        else:
            self._answer(answer)

    def _answer(self, status: int) -> None:
        receiver = self.server.receiver
        text = f"{status} for {self.path}".encode()
        self.send_response(status)
        if receiver.retry_after:
            self.send_header("Retry-After", receiver.retry_after)
        if 300 <= status < 400:
            self.send_header("Location", receiver.url("/elsewhere"))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _answer_without_end(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):  # the client has read enough
            while not self.server.receiver.ends.wait(0.001):
                self.wfile.write(b"x" * 1024)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@contextmanager
def receiving(*answers: int) -> Generator[Receiver]:
    """A server that runs until the block ends."""
    receiver = Receiver(*answers)
    server = _Server(receiver)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.ends.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
