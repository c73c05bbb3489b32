"""A server of files on the loopback, which can be told to misbehave as servers and lines do."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from labhand.trainer.data.download import RemoteFile
from typing_extensions import override


@dataclass
class FileServer:
    """Files by name, and what goes wrong with them.

    Attributes:
        files: What the server says that it has; a listing is made from it.
        drop_after: The connection is closed after this many bytes of an answer.
        drops: How often it is, for each file; after that all is well.
        ignores_range: Every answer begins at the first byte.
        shifts_range: Answers begin at another byte than the one that was asked for.
        wrong: What is sent in place of a file, for as many answers as are said.
        statuses: Sent instead of a file, one after another.
        requests: Method, path and range of all requests.
        tokens: The Authorization of all requests.
        redirects_to: Where files are, if this server only redirects.
    """

    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    drop_after: int | None = None
    drops: int = 10**9
    ignores_range: bool = False
    shifts_range: int = 0
    wrong: dict[str, tuple[bytes, int]] = field(default_factory=dict[str, tuple[bytes, int]])
    statuses: list[int] = field(default_factory=list[int])
    requests: list[tuple[str, str, str | None]] = field(default_factory=list[tuple[str, str, "str | None"]])
    tokens: list[str | None] = field(default_factory=list["str | None"])
    redirects_to: str = ""
    url: str = ""
    dropped: Counter[str] = field(default_factory=Counter[str])

    def remote(self, name: str) -> RemoteFile:
        """A file as a caller is told of it."""
        content = self.files[name]
        return RemoteFile(name, f"{self.url}/{name}", len(content), sha256(content).hexdigest())

    def downloads(self, name: str) -> list[str | None]:
        """The ranges of the requests for a file."""
        return [asked for _, path, asked in self.requests if path.endswith(f"/{name}")]


class _Server(ThreadingHTTPServer):
    def __init__(self, state: FileServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state = state


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def state(self) -> FileServer:
        """What the server has and does."""
        assert isinstance(self.server, _Server)
        return self.server.state

    def do_GET(self) -> None:
        self._note()
        if self.state.redirects_to:
            self._answer(302, b"", {"Location": f"{self.state.redirects_to}{self.path}"})
        elif self.state.statuses:
            self._answer(self.state.statuses.pop(0), b"busy")
        else:
            self._send_file(self.path.rsplit("/", 1)[-1])

    def do_POST(self) -> None:
        self._note()
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["paths"]
        listed = [
            {
                "type": "file",
                "path": path,
                "size": len(self.state.files[path]),
                "oid": "0" * 40,
                "lfs": {
                    "oid": sha256(self.state.files[path]).hexdigest(),
                    "size": len(self.state.files[path]),
                    "pointerSize": 134,
                },
            }
            for path in asked
            if path in self.state.files
        ]
        self._answer(200, json.dumps(listed).encode())

    def _note(self) -> None:
        self.state.requests.append((self.command, self.path, self.headers["Range"]))
        self.state.tokens.append(self.headers["Authorization"])

    def _send_file(self, name: str) -> None:
        content = self._content(name)
        if content is None:
            self._answer(404, b"no such file")
            return
        begins = 0
        if self.headers["Range"] and not self.state.ignores_range:
            begins = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-")) + self.state.shifts_range
            if begins >= len(content):
                self._answer(416, b"")
                return
        span = {"Content-Range": f"bytes {begins}-{len(content) - 1}/{len(content)}"} if begins else {}
        rest = content[begins:]
        drops = self.state.drop_after is not None and self.state.dropped[name] < self.state.drops
        self._answer(206 if begins else 200, rest, span, send=self.state.drop_after if drops else None)
        if drops:
            self.state.dropped[name] += 1
            self.close_connection = True

    def _content(self, name: str) -> bytes | None:
        content, answers = self.state.wrong.get(name, (b"", 0))
        if not answers:
            return self.state.files.get(name)
        self.state.wrong[name] = content, answers - 1
        return content

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None, send: int | None = None) -> None:
        self.send_response(status)
        for key, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body[:send])

    @override
    def log_message(self, format: str, *args: object) -> None:  # the name that the base class has
        """Be silent."""


@contextmanager
def serving(state: FileServer) -> Generator[FileServer]:
    """Run a server."""
    server = _Server(state)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
